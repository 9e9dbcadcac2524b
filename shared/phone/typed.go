package phone

import "strings"

// callingCodes lists country, calling code and the prefix that is dialled
// within the country and dropped from abroad.
// Source: ITU-T E.164, list of assigned country codes.
const callingCodes = ` CN:86:0 HK:852: MO:853: TW:886:0 JP:81:0 KR:82:0 SG:65: MY:60:0 TH:66:0 VN:84:0
ID:62:0 PH:63:0 IN:91:0 AU:61:0 NZ:64:0 US:1:1 CA:1:1 MX:52: BR:55:0 AR:54:0
CL:56: CO:57: GB:44:0 IE:353:0 DE:49:0 FR:33:0 IT:39: ES:34: PT:351: NL:31:0
BE:32:0 CH:41:0 AT:43:0 SE:46:0 NO:47: DK:45: FI:358:0 PL:48: CZ:420: RU:7:8
KZ:7:8 UA:380:0 TR:90:0 IL:972:0 AE:971:0 SA:966:0 EG:20:0 NG:234:0 KE:254:0 ZA:27:0 `

// callingCode returns the calling code and trunk prefix of a country, "" if it
// is not known.
func callingCode(country string) (code, trunk string) {
	if len(country) != 2 {
		return "", ""
	}
	for entry := range strings.FieldsSeq(callingCodes) {
		if rest, ok := strings.CutPrefix(entry, country+":"); ok {
			code, trunk, _ = strings.Cut(rest, ":")
			return code, trunk
		}
	}
	return "", ""
}

// Typed reads the keys that a caller typed as a number: with format E164 the
// country's code first, without a plus; else as people dial it in a country (ISO
// 3166-1 alpha-2). It returns the number in E.164 form.
func Typed(digits, format, country string) (string, bool) {
	if strings.Trim(digits, "0123456789") != "" || len(digits) < 3 || len(digits) > 15 {
		return "", false
	}
	if format != "Local" {
		if digits = strings.TrimPrefix(digits, "00"); len(digits) < 7 || digits[0] == '0' {
			return "", false
		}
		return "+" + digits, true
	}
	code, trunk := callingCode(country)
	if code == "" {
		return "", false
	}
	digits = strings.TrimPrefix(digits, trunk)
	if len(code)+len(digits) < 8 || len(code)+len(digits) > 15 {
		return "", false
	}
	return "+" + code + digits, true
}
