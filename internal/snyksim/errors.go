package snyksim

import (
	"fmt"
	"net/http"
)

// Body is the form of an error's body.
type Body int

// The forms of error bodies that Snyk, and what stands before it, give.
const (
	BodyJSONAPI        Body = iota // the documented form, all members
	BodyJSONAPIMinimal             // the documented form, only status and detail
	BodyHTML                       // a page of a proxy
	BodyEmptyObject                // {}
	BodyCodeMessage                // {"code":401,"message":"..."}
	BodyEmpty                      // nothing
)

const (
	typeJSONAPI = "application/vnd.api+json"
	typeJSON    = "application/json; charset=utf-8"
	typeHTML    = "text/html; charset=utf-8"
)

// apiError is a refusal in the words of Snyk's catalogue.
type apiError struct {
	status              int
	code, title, detail string
	parameter           string
}

func badParameter(name, detail string) *apiError {
	return &apiError{http.StatusBadRequest, "SNYK-OPENAPI-0001", "Bad request", detail, name}
}

func unauthorized() *apiError {
	return &apiError{http.StatusUnauthorized, "SNYK-OPENAPI-0007", "Unauthorized", "Authentication error", ""}
}

func forbidden(p Permission) *apiError {
	return &apiError{
		http.StatusForbidden, "SNYK-OPENAPI-0002", "Forbidden",
		"User does not have the required permission " + string(p), "",
	}
}

func planError() *apiError {
	return &apiError{
		http.StatusForbidden, "SNYK-OPENAPI-0002", "Forbidden",
		"Audit logs are not available on the current plan", "",
	}
}

func notFound(what string) *apiError {
	return &apiError{http.StatusNotFound, "SNYK-OPENAPI-0004", "Not Found", what + " not found", ""}
}

// catalogue has the code and title that go with a status.
var catalogue = map[int][2]string{
	http.StatusBadRequest:          {"SNYK-OPENAPI-0001", "Bad request"},
	http.StatusUnauthorized:        {"SNYK-0005", "Authentication error"},
	http.StatusForbidden:           {"SNYK-OPENAPI-0002", "Forbidden"},
	http.StatusNotFound:            {"SNYK-OPENAPI-0004", "Not Found"},
	http.StatusGone:                {"SNYK-0003", "Gone"},
	http.StatusTooManyRequests:     {"SNYK-0001", "Too many requests"},
	http.StatusInternalServerError: {"SNYK-9999", "Server error"},
	http.StatusBadGateway:          {"SNYK-0099", "Service temporarily unavailable"},
	http.StatusServiceUnavailable:  {"SNYK-0008", "Service unavailable"},
	http.StatusGatewayTimeout:      {"SNYK-0004", "Server response took too long"},
}

// statusError is the catalogue's error for a status.
func statusError(status int) *apiError {
	e := &apiError{status: status, code: "SNYK-9999", title: http.StatusText(status)}
	if c, ok := catalogue[status]; ok {
		e.code, e.title = c[0], c[1]
	}
	e.detail = e.title
	return e
}

// reply is the error as an answer of the documented form.
func (e *apiError) reply(x *exchange) *reply { return e.as(x, BodyJSONAPI) }

// as is the error as an answer with a body of any form.
func (e *apiError) as(x *exchange, form Body) *reply {
	switch form {
	case BodyHTML:
		return newReply(e.status, typeHTML, fmt.Sprintf(
			"<html>\r\n<head><title>%d %s</title></head>\r\n<body>\r\n<center><h1>%[1]d %[2]s</h1></center>\r\n</body>\r\n</html>\r\n",
			e.status, http.StatusText(e.status)))
	case BodyEmptyObject:
		return newReply(e.status, typeJSON, "{}")
	case BodyCodeMessage:
		return newReply(e.status, typeJSON, fmt.Sprintf(`{"code":%d,"message":%s}`, e.status, quote(e.detail)))
	case BodyEmpty:
		return newReply(e.status, "", "")
	case BodyJSONAPIMinimal:
		return newReply(e.status, typeJSONAPI, fmt.Sprintf(
			`{"jsonapi":{"version":"1.0"},"errors":[{"status":"%d","detail":%s}]}`, e.status, quote(e.detail)))
	default:
		return newReply(e.status, typeJSONAPI, e.document(x.requestID))
	}
}

func (e *apiError) document(id string) string {
	source := ""
	if e.parameter != "" {
		source = `,"source":{"parameter":` + quote(e.parameter) + `}`
	}
	return fmt.Sprintf(`{"jsonapi":{"version":"1.0"},"errors":[{"id":%s,"status":"%d","code":%s,"title":%s,"detail":%s%s,`+
		`"meta":{"isErrorCatalogError":true},"links":{"about":%s}}]}`,
		quote(id), e.status, quote(e.code), quote(e.title), quote(e.detail), source,
		quote("https://docs.snyk.io/scan-with-snyk/error-catalog#"+e.code))
}
