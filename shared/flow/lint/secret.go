package lint

import (
	"regexp"
	"strings"

	"huawu/shared/flow"
	"huawu/shared/flow/param"
)

// credential are texts that are credentials whatever they are called.
var credential = regexp.MustCompile(`\b(AKIA|ASIA)[0-9A-Z]{16}\b|-----BEGIN [A-Z ]*PRIVATE KEY-----|\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.|\bgh[pousr]_[A-Za-z0-9]{30,}|\bsk-[A-Za-z0-9_-]{20,}|\bxox[abprs]-[A-Za-z0-9-]{10,}|\bLTAI[A-Za-z0-9]{12,}\b`)

// secretName are names under which people keep credentials.
var secretName = regexp.MustCompile(`(?i)passw|passphrase|secret|api_?-?key|access_?-?key|private_?-?key|\btoken\b|_token|authtoken|accesstoken|credential|密码|密钥|口令`)

// cardName are names under which callers' own secrets are kept.
var cardName = regexp.MustCompile(`(?i)card_?-?(no|num|number)|\bpan\b|\bcvv|\bcvc|creditcard|\bpin\b|pin_?code|\bssn\b|social_?security|id_?card|passport|银行卡|卡号|身份证|信用卡`)

// secrets finds credentials in what goes into contact records, logs and the
// parameters of functions, and callers' card data that is kept in clear.
func (l *linter) secrets() {
	for i := range l.flow.Actions {
		a := &l.flow.Actions[i]
		for _, t := range param.Texts(a.Parameters) {
			if t.IsKey {
				continue
			}
			field := "Parameters." + t.Field
			if credential.MatchString(t.Value) {
				l.add(Secret, flow.Error, a, field, "holds a credential in clear: keep it with the function that needs it")
				continue
			}
			if !stores(t.Field) || t.Value == "" {
				continue
			}
			value := flow.ParseTemplate(t.Value)
			switch {
			case secretName.MatchString(t.Key) && value.Static():
				l.add(Secret, flow.Warning, a, field, "a secret in clear is in every contact record and log: keep it with the function that needs it")
			case cardName.MatchString(t.Key) && holdsInput(value) && !l.sealed():
				l.add(Secret, flow.Warning, a, field, "what the caller typed is kept in clear: set InputEncryption on the input")
			}
		}
	}
}

// stores reports whether a field ends up in records, logs or other systems.
func stores(field string) bool {
	for _, name := range []string{"Attributes.", "FlowAttributes.", "LambdaInvocationAttributes.", "LexSessionAttributes.", "References.", "Tags.", "ViewData."} {
		if strings.HasPrefix(field, name) {
			return true
		}
	}
	return false
}

func holdsInput(t flow.Template) bool {
	for _, p := range t.Paths() {
		if p[0] == "StoredCustomerInput" {
			return true
		}
	}
	return false
}

// sealed reports whether every stored input of the flow is encrypted.
func (l *linter) sealed() bool {
	inputs := 0
	for i := range l.flow.Actions {
		a := &l.flow.Actions[i]
		if a.Type != "GetParticipantInput" || !strings.EqualFold(param.Get(a, "StoreInput"), "True") {
			continue
		}
		if inputs++; param.Get(a, "InputEncryption.EncryptionKeyId") == "" {
			return false
		}
	}
	return inputs > 0
}
