package http

import (
	"errors"
	"net/http"

	"twinhop/gateway"
	"twinhop/http/head"
)

// The answers the front gives itself. Status codes stand in this file only.
const (
	statusSwitched    = http.StatusSwitchingProtocols
	statusHints       = http.StatusEarlyHints
	statusFound       = http.StatusFound
	statusCorrected   = http.StatusTemporaryRedirect
	statusRefreshed   = http.StatusOK
	statusBadRequest  = http.StatusBadRequest
	statusNotMounted  = http.StatusNotFound
	statusMethod      = http.StatusMethodNotAllowed
	statusTarget      = http.StatusRequestURITooLong
	statusFields      = http.StatusRequestHeaderFieldsTooLarge
	statusUnavailable = http.StatusServiceUnavailable
	statusBody        = http.StatusBadRequest
	statusBodySlow    = http.StatusRequestTimeout
	statusHead        = http.StatusRequestEntityTooLarge // as mod_jk says it; 431 and 414 are for limits of ours
	statusNoUpgrade   = http.StatusNotImplemented
	statusAborted     = 499 // in logs and metrics only: the client went away first
	statusElsewhere   = -1  // not answered: net/http is to serve it
)

// failedStatus is what the client is told when the last node it was given to
// failed like this.
func failedStatus(o gateway.Outcome) int {
	switch o {
	case gateway.NotSent, gateway.Overload, gateway.Declined, gateway.StatusFailed:
		return statusUnavailable
	case gateway.Timeout:
		return http.StatusGatewayTimeout
	}
	return http.StatusBadGateway
}

// unfitStatus is what the client is told when the protocol toward the chosen
// node cannot carry its request; 0 when that is not why err is.
func unfitStatus(err error) int {
	switch {
	case errors.Is(err, head.ErrTarget), errors.Is(err, head.ErrFields):
		return statusHead
	case errors.Is(err, head.ErrUpgrade):
		return statusNoUpgrade
	}
	return 0
}

// answered is the outcome of an exchange that brought an answer.
func answered(status int) gateway.Outcome {
	switch {
	case status == http.StatusServiceUnavailable:
		return gateway.Refused
	case status >= 500:
		return gateway.ServerError
	}
	return gateway.OK
}

func reason(status int) string { return http.StatusText(status) }
