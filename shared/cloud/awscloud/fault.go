package awscloud

import (
	"context"
	"errors"
	"net"
	"strings"

	"huawu/shared/fault"
)

// codes are the error codes of all six services whose kind the status alone
// does not tell.
var codes = map[string]fault.Kind{
	"ResourceNotFoundException": fault.NotFound,
	"NoSuchKey":                 fault.NotFound,
	"NoSuchBucket":              fault.NotFound,
	"NotFoundException":         fault.NotFound,
	"NotFound":                  fault.NotFound,
	"QueueDoesNotExist":         fault.NotFound,
	"AWS.SimpleQueueService.NonExistentQueue":     fault.NotFound,
	"PreconditionFailed":                          fault.Conflict,
	"ConditionalRequestConflict":                  fault.Conflict,
	"ResourceConflictException":                   fault.Conflict,
	"TransactionConflictException":                fault.Conflict,
	"TransactionInProgressException":              fault.Conflict,
	"ProvisionedThroughputExceededException":      fault.Throttled,
	"ThrottlingException":                         fault.Throttled,
	"Throttling":                                  fault.Throttled,
	"RequestLimitExceeded":                        fault.Throttled,
	"LimitExceededException":                      fault.Throttled,
	"OverLimit":                                   fault.Throttled,
	"SlowDown":                                    fault.Throttled,
	"RequestThrottled":                            fault.Throttled,
	"KmsThrottled":                                fault.Throttled,
	"TooManyRequestsException":                    fault.Throttled,
	"AccessDeniedException":                       fault.Forbidden,
	"AccessDenied":                                fault.Forbidden,
	"UnrecognizedClientException":                 fault.Forbidden,
	"ExpiredTokenException":                       fault.Forbidden,
	"InvalidSignatureException":                   fault.Forbidden,
	"KMSInvalidStateException":                    fault.Unavailable, // disabled or about to be deleted: an operator can turn it back
	"DisabledException":                           fault.Unavailable,
	"KeyUnavailableException":                     fault.Unavailable,
	"DependencyTimeoutException":                  fault.Unavailable,
	"RequestTimeout":                              fault.Timeout,
	"InvalidRange":                                fault.Invalid,
	"ReceiptHandleIsInvalid":                      fault.Invalid,
	"MessageNotInflight":                          fault.Invalid,
	"AWS.SimpleQueueService.MessageNotInflight":   fault.Invalid,
	"AWS.SimpleQueueService.UnsupportedOperation": fault.Invalid,
}

// Kind says what the caller of an AWS service can do about an error. It knows
// the code first, then the HTTP status; no answer in time is Timeout, none at
// all Unavailable.
func Kind(err error) fault.Kind {
	var known *fault.Error
	var code interface{ ErrorCode() string }
	var status interface{ HTTPStatusCode() int }
	switch {
	case err == nil:
		return ""
	case IsTimeout(err):
		return fault.Timeout
	case errors.As(err, &known): // from the credentials
		return known.Kind
	case errors.As(err, &code) && codes[code.ErrorCode()] != "":
		return codes[code.ErrorCode()]
	case errors.As(err, &code) && strings.HasSuffix(code.ErrorCode(), "NotFoundException"):
		return fault.NotFound
	case errors.As(err, &status) && status.HTTPStatusCode() != 0:
		return StatusKind(status.HTTPStatusCode())
	}
	return fault.Unavailable // never reached the service
}

// StatusKind is the kind that an HTTP status tells without a code.
func StatusKind(status int) fault.Kind {
	switch {
	case status == 400 || status == 411 || status == 412 || status == 413 || status == 416:
		return fault.Invalid
	case status == 401 || status == 403:
		return fault.Forbidden
	case status == 404:
		return fault.NotFound
	case status == 408:
		return fault.Timeout
	case status == 409:
		return fault.Conflict
	case status == 410:
		return fault.Gone
	case status == 429:
		return fault.Throttled
	case status >= 500:
		return fault.Unavailable
	}
	return fault.Internal
}

// Wrap gives an error of AWS its kind and the step that failed.
func Wrap(err error, step string, args ...any) error {
	return fault.Wrap(Kind(err), err, step, args...)
}

// IsTimeout reports whether no answer came in time, so that the effect may have
// happened.
func IsTimeout(err error) bool {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return true
	}
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "dial" {
		return false // nothing was sent
	}
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}
