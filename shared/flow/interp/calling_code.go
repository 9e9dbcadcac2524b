package interp

// callingCode returns a country's calling code and the prefix that is dialled
// within it and dropped from abroad. Source: ITU-T E.164, list of assigned codes.
func callingCode(country string) (code, trunk string) {
	switch country {
	case "CN":
		return "86", "0"
	case "HK":
		return "852", ""
	case "MO":
		return "853", ""
	case "TW":
		return "886", "0"
	case "JP":
		return "81", "0"
	case "KR":
		return "82", "0"
	case "SG":
		return "65", ""
	case "MY":
		return "60", "0"
	case "TH":
		return "66", "0"
	case "VN":
		return "84", "0"
	case "ID":
		return "62", "0"
	case "PH":
		return "63", "0"
	case "IN":
		return "91", "0"
	case "AU":
		return "61", "0"
	case "NZ":
		return "64", "0"
	case "US", "CA":
		return "1", "1"
	case "MX":
		return "52", ""
	case "BR":
		return "55", "0"
	case "AR":
		return "54", "0"
	case "CL":
		return "56", ""
	case "CO":
		return "57", ""
	case "GB":
		return "44", "0"
	case "IE":
		return "353", "0"
	case "DE":
		return "49", "0"
	case "FR":
		return "33", "0"
	case "IT":
		return "39", ""
	case "ES":
		return "34", ""
	case "PT":
		return "351", ""
	case "NL":
		return "31", "0"
	case "BE":
		return "32", "0"
	case "CH":
		return "41", "0"
	case "AT":
		return "43", "0"
	case "SE":
		return "46", "0"
	case "NO":
		return "47", ""
	case "DK":
		return "45", ""
	case "FI":
		return "358", "0"
	case "PL":
		return "48", ""
	case "CZ":
		return "420", ""
	case "RU", "KZ":
		return "7", "8"
	case "UA":
		return "380", "0"
	case "TR":
		return "90", "0"
	case "IL":
		return "972", "0"
	case "AE":
		return "971", "0"
	case "SA":
		return "966", "0"
	case "EG":
		return "20", "0"
	case "NG":
		return "234", "0"
	case "KE":
		return "254", "0"
	case "ZA":
		return "27", "0"
	}
	return "", ""
}
