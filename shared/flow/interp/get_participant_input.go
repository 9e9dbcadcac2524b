package interp

import (
	"slices"
	"strings"

	"huawu/shared/flow"
	"huawu/shared/phone"
	"huawu/shared/sma"
)

// getParticipantInput is GetParticipantInput: a menu of one key with
// conditions, or digits that are stored in $.StoredCustomerInput. The prompt is
// cut by the first digit. A menu without a key ends in InputTimeLimitExceeded,
// with a key that no condition names in NoMatchingCondition; stored input
// without a key is the word Timeout.
//
// Input that is sealed for a certificate is collected by a relay that offers
// Huawu.CollectDigits, else the action ends in NoMatchingError: its digits never
// come here in clear.
// Source: Amazon Connect flow language, "GetParticipantInput".
type getParticipantInput struct {
	prompts
	StoreInput            flow.Template
	InputTimeLimitSeconds flow.Template
	DTMFConfiguration     struct {
		InputTerminationSequence flow.Template
		DisableCancelKey         flow.Template
	}
	InputValidation struct {
		CustomValidation *struct {
			MaximumLength flow.Template
		}
		PhoneNumberValidation *struct {
			NumberFormat flow.Template
			CountryCode  flow.Template
		}
	}
	InputEncryption *struct {
		EncryptionKeyID flow.Template `json:"EncryptionKeyId"`
		Key             flow.Template
	}
}

const (
	interDigitMillis = 5000
	defaultInput     = 20 // digits
	timedOut         = "Timeout"
)

func (a *getParticipantInput) execute(r *run) result {
	if call, ok := r.answer.(Call); ok {
		return a.ended(r, call.Event)
	}
	s, ok := r.say(&a.prompts)
	limit, valid := r.number(a.InputTimeLimitSeconds, 5)
	if !ok || !valid || limit < 1 || limit > 180 {
		return r.failed(flow.NoMatchingError)
	}
	if s.empty() { // only wait for digits
		s.speech = r.speech(`<speak><break time="10ms"/></speak>`, true)
	}
	if a.store() && r.can(sma.CanCollectDigits) {
		return a.collect(r, s, limit*1000)
	}
	if a.InputEncryption != nil {
		return r.failed(flow.NoMatchingError)
	}
	pattern, low, high, ends := a.shape(r)
	before := r.actions(s)
	last := before[len(before)-1]
	list := before[:len(before)-1] // of a long text only the last part collects
	switch last := last.(type) {
	case *sma.Speak:
		list = append(list, &sma.SpeakAndGetDigits{Target: r.leg(), SpeechParameters: last.Speech, InputDigitsRegex: pattern,
			MinNumberOfDigits: low, MaxNumberOfDigits: high, TerminatorDigits: ends, Repeat: 1,
			InBetweenDigitsDurationInMilliseconds: interDigitMillis, RepeatDurationInMilliseconds: sma.Int(limit * 1000)})
	case *sma.PlayAudio:
		list = append(list, &sma.PlayAudioAndGetDigits{Target: r.leg(), AudioSource: last.AudioSource, Huawu: last.Huawu,
			InputDigitsRegex: pattern, MinNumberOfDigits: low, MaxNumberOfDigits: high, TerminatorDigits: ends, Repeat: 1,
			InBetweenDigitsDurationInMilliseconds: interDigitMillis, RepeatDurationInMilliseconds: sma.Int(limit * 1000)})
	}
	return r.do(list...)
}

func (a *getParticipantInput) store() bool { return isTrue(a.StoreInput.String()) }

// shape says what digits a core relay collects.
func (a *getParticipantInput) shape(r *run) (pattern string, low, high sma.Int, ends sma.Digits) {
	if a.store() {
		if seq := r.expand(a.DTMFConfiguration.InputTerminationSequence); seq != "" {
			ends = sma.Digits{seq[len(seq)-1:]}
		}
		return "^[0-9*#]+$", 1, sma.Int(a.length(r)), ends
	}
	keys := ""
	for _, c := range r.step.then.Conditions {
		for _, o := range c.Condition.Operands {
			if o.Static() && len(o.String()) == 1 && strings.Contains("0123456789*#", o.String()) && !strings.Contains(keys, o.String()) {
				keys += o.String()
			}
		}
	}
	if keys != "" {
		pattern = "^[" + keys + "]$"
	}
	ends = sma.Digits{} // # is a key like the others
	if len(r.env.Can) == 0 && !strings.Contains(keys, "#") {
		ends = nil // a core relay may not know a list without keys
	} else if len(r.env.Can) == 0 {
		for _, key := range strings.Split("0*987654321", "") {
			if !strings.Contains(keys, key) {
				return pattern, 1, 1, sma.Digits{key}
			}
		}
	}
	return pattern, 1, 1, ends
}

func (a *getParticipantInput) length(r *run) int {
	if v := a.InputValidation.CustomValidation; v != nil {
		if n, ok := r.number(v.MaximumLength, defaultInput); ok && n >= 1 && n <= sma.DefaultMaxDigits {
			return n
		}
	}
	return defaultInput
}

// collect lets the relay collect, check and seal the digits.
func (a *getParticipantInput) collect(r *run, s said, millis int) result {
	c := &sma.CollectDigits{Target: r.leg(), Prompts: s.messages(), MaxLength: sma.Int(a.length(r)),
		Terminator: r.expand(a.DTMFConfiguration.InputTerminationSequence), FirstDigitMs: sma.Int(millis), InterDigitMs: interDigitMillis}
	if !isTrue(a.DTMFConfiguration.DisableCancelKey.String()) {
		c.CancelKey = "*"
	}
	if v := a.InputValidation.PhoneNumberValidation; v != nil {
		c.PhoneNumber = &sma.PhoneFormat{Format: r.expand(v.NumberFormat), Country: r.expand(v.CountryCode)}
	}
	if e := a.InputEncryption; e != nil {
		c.Encrypt = &sma.Encrypt{KeyID: r.expand(e.EncryptionKeyID), Certificate: r.expand(e.Key)}
	}
	return r.do(c)
}

// ended takes the digits, or what came instead of them.
func (a *getParticipantInput) ended(r *run, e *sma.Event) result {
	if e.ActionData == nil || e.InvocationEventType != sma.ActionSuccessful && e.InvocationEventType != sma.ActionFailed {
		return r.wait() // another leg hung up
	}
	digits := string(e.ActionData.ReceivedDigits)
	if o := e.ActionData.Huawu; o != nil && o.Cause == sma.CausePhone { // checked where it was sealed
		return r.failed(flow.InvalidPhoneNumber)
	}
	if e.InvocationEventType == sma.ActionFailed && !isNoInput(e.ActionData) {
		return r.failed(flow.NoMatchingError)
	}
	if a.store() {
		return a.stored(r, e.ActionData, digits)
	}
	if digits == "" {
		return r.failed(flow.InputTimeLimitExceeded)
	}
	return r.value(digits[:1])
}

// isNoInput tells a caller who typed nothing or the wrong thing from a relay
// that could not play the prompt.
func isNoInput(d *sma.ActionData) bool {
	return !slices.Contains([]sma.ErrorType{sma.InvalidAudioSource, sma.InvalidActionParameter, sma.MissingRequiredActionParameter,
		sma.AccessDenied, sma.ActionExecutionThrottled, sma.ResourceNotFound, sma.ResourceAccessDenied}, d.ErrorType) || d.ReceivedDigits != ""
}

func (a *getParticipantInput) stored(r *run, d *sma.ActionData, digits string) result {
	sealed := d.Huawu != nil && d.Huawu.Encrypted
	if a.InputEncryption != nil && digits != "" && !sealed {
		return r.failed(flow.NoMatchingError)
	}
	if !sealed && d.Type != sma.TypeCollectDigits {
		digits = a.clean(r, digits)
	}
	if digits == "" {
		r.s.Stored = timedOut
		return r.next()
	}
	if v := a.InputValidation.PhoneNumberValidation; v != nil && !sealed {
		number, ok := phone.Typed(digits, r.expand(v.NumberFormat), r.expand(v.CountryCode))
		if !ok {
			return r.failed(flow.InvalidPhoneNumber)
		}
		digits = number
	}
	r.s.Stored = digits
	return r.next()
}

// clean drops the terminator and what the cancel key erased.
func (a *getParticipantInput) clean(r *run, digits string) string {
	digits = strings.TrimSuffix(digits, orElse(r.expand(a.DTMFConfiguration.InputTerminationSequence), "#"))
	if !isTrue(a.DTMFConfiguration.DisableCancelKey.String()) {
		digits = digits[strings.LastIndexByte(digits, '*')+1:]
	}
	return digits[:min(len(digits), a.length(r))]
}

func (a *getParticipantInput) check(then *flow.Transitions) (field, wrong string) {
	if t := a.StoreInput.String(); !strings.EqualFold(t, "True") && !strings.EqualFold(t, "False") {
		return "Parameters.StoreInput", "want True or False"
	}
	if a.store() && len(then.Conditions) > 0 {
		return "Transitions.Conditions", "stored input has no conditions: compare $.StoredCustomerInput"
	}
	if v := a.InputValidation; a.store() && v.CustomValidation == nil && v.PhoneNumberValidation == nil {
		return "Parameters.InputValidation", "missing with StoreInput True"
	}
	if seq := a.DTMFConfiguration.InputTerminationSequence; seq.Static() && (len(seq.String()) > 5 || strings.Trim(seq.String(), "0123456789*#") != "") {
		return "Parameters.DTMFConfiguration.InputTerminationSequence", "want up to 5 of 0-9 # *"
	}
	return "", ""
}
