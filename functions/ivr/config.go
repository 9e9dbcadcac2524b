package main

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"huawu/shared/cloud/awscloud"
	"huawu/shared/fault"
	"huawu/shared/ivr"
	"huawu/shared/speech/understand"
	"huawu/shared/speech/understand/lex"
	"huawu/shared/speech/understand/openai"
)

// The environment variables of ivr besides those of its ports. All may be absent.
const (
	envTenant       = "CORE_TENANT"   // of relays that speak the core contract only
	envLanguage     = "LANGUAGE"      // BCP 47, of numbers without one
	envPromptBucket = "PROMPT_BUCKET" // for relays that know no prompts
	envBotURL       = "BOT_URL"       // of an endpoint like OpenAI's that says what callers mean, up to /v1
	envBotModel     = "BOT_MODEL"     // of it
	envBotToken     = "BOT_TOKEN"     // for it
	envLexBots      = "LEX_BOTS"      // bots of Lex V2: name=BOTID/ALIASID, with commas
)

// loadConfig reads the environment. Every fault is in the error.
func loadConfig(getenv func(string) string) (awscloud.Config, ivr.Config, error) {
	cfg, err := awscloud.FromEnv(getenv, awscloud.EnvTable, awscloud.EnvQueuePrefix, awscloud.EnvFunctionPrefix)
	faults := []error{err}
	tenant := getenv(envTenant)
	if strings.ContainsAny(tenant, "|#") {
		faults = append(faults, fault.New(fault.Invalid, "%s holds | or #", envTenant))
	}
	language := getenv(envLanguage)
	if len(language) == 1 || len(language) > 35 { // RFC 5646 §4.4.1
		faults = append(faults, fault.New(fault.Invalid, "%s is not a language tag", envLanguage))
	}
	bots, err := loadBots(getenv, cfg)
	return cfg, ivr.Config{Tenant: tenant, Language: language, Region: cfg.Region, Understand: bots,
		PromptBucket: getenv(envPromptBucket), RecordingLocation: getenv(awscloud.EnvBucket)}, errors.Join(append(faults, err)...)
}

// loadBots says who understands what callers say to bots; nil leaves it to the
// bots' grammars.
func loadBots(getenv func(string) string, cfg awscloud.Config) (understand.Interpreter, error) {
	base, list := getenv(envBotURL), getenv(envLexBots)
	switch {
	case base != "" && list != "":
		return nil, fault.New(fault.Invalid, "%s and %s exclude each other", envBotURL, envLexBots)
	case base != "":
		if u, err := url.Parse(base); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || getenv(envBotModel) == "" {
			return nil, fault.New(fault.Invalid, "%s is no URL, or %s is missing", envBotURL, envBotModel)
		}
		return &openai.Client{HTTP: http.DefaultClient, Base: strings.TrimRight(base, "/"), Token: getenv(envBotToken), Model: getenv(envBotModel)}, nil
	case list == "":
		return nil, nil
	}
	bots := map[string]lex.Bot{}
	for entry := range strings.SplitSeq(list, ",") {
		name, where, _ := strings.Cut(strings.TrimSpace(entry), "=")
		id, alias, ok := strings.Cut(where, "/")
		if !ok || name == "" || id == "" || alias == "" {
			return nil, fault.New(fault.Invalid, "%s: want name=BOTID/ALIASID, with commas", envLexBots)
		}
		bots[name] = lex.Bot{ID: id, Alias: alias}
	}
	return &lex.Client{Poster: cfg.Signed(lex.SigningName, botPatience), Endpoint: cfg.ServiceURL(lex.Service), Bots: bots}, nil
}

// botPatience bounds a bot's answer: the caller hears nothing meanwhile.
var botPatience = awscloud.Patience{Answer: 5 * time.Second}
