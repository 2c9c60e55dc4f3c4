package snyk

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"regexp"
	"strings"
)

// words are what an error's body says, whatever its form: the documented one of
// JSON:API, those of the old API and of OAuth, a proxy's page, or nothing. The
// answer is not yet fit to show: see scrubber.
func words(status int, body []byte) string {
	text := ""
	if body = bytes.TrimSpace(body); bytes.HasPrefix(body, []byte("{")) {
		text = wordsOfJSON(body)
	} else {
		text = wordsOfPage(body)
	}
	return cmp.Or(strings.TrimSpace(text), http.StatusText(status), fmt.Sprintf("status %d", status))
}

// apiProblem is an error of JSON:API. Fields are read one by one, so that one of
// another type than documented does not hide the others.
type apiProblem struct{ code, title, detail, parameter string }

func wordsOfJSON(body []byte) string {
	var doc map[string]json.RawMessage
	if json.Unmarshal(body, &doc) != nil {
		return ""
	}
	if problems := apiProblems(doc["errors"]); len(problems) > 0 {
		text := problems[0].String()
		if more := len(problems) - 1; more > 0 {
			text = fmt.Sprintf("%s, and %d more", text, more)
		}
		return text
	}
	// {"code":401,"message":"..."} and {"error":"...","error_description":"..."}.
	return join(stringOf(doc["error"]), cmp.Or(
		stringOf(doc["error_description"]), stringOf(doc["message"]), stringOf(doc["detail"]), stringOf(doc["title"])))
}

// apiProblems reads the member errors of an answer, nil where it holds none.
func apiProblems(raw json.RawMessage) []apiProblem {
	var list []map[string]json.RawMessage
	if json.Unmarshal(raw, &list) != nil {
		return nil
	}
	out := make([]apiProblem, 0, len(list))
	for _, e := range list {
		var source map[string]json.RawMessage
		_ = json.Unmarshal(e["source"], &source) // nil where it is no object
		out = append(out, apiProblem{
			code: stringOf(e["code"]), title: stringOf(e["title"]), detail: stringOf(e["detail"]),
			parameter: cmp.Or(stringOf(source["parameter"]), stringOf(source["pointer"])),
		})
	}
	return out
}

// String is the problem in one phrase: "Forbidden: no permission (SNYK-0005)".
func (p apiProblem) String() string {
	text := join(p.title, p.detail)
	var notes []string
	if p.code != "" {
		notes = append(notes, p.code)
	}
	if p.parameter != "" {
		notes = append(notes, "parameter "+p.parameter)
	}
	if len(notes) == 0 {
		return text
	}
	return strings.TrimSpace(text + " (" + strings.Join(notes, ", ") + ")")
}

// join puts a title before its text, unless the one says the other already.
func join(title, text string) string {
	switch {
	case title == "" || strings.HasPrefix(strings.ToLower(text), strings.ToLower(title)):
		return text
	case text == "":
		return title
	}
	return title + ": " + text
}

// stringOf is a JSON string's value; empty for anything else.
func stringOf(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) != nil {
		return ""
	}
	return text
}

var pageTitle = regexp.MustCompile(`(?is)<title[^>]*>(.*?)</title>`)

// wordsOfPage is the title of an HTML page, or a text that is no page.
func wordsOfPage(body []byte) string {
	if found := pageTitle.FindSubmatch(body); found != nil {
		return html.UnescapeString(string(found[1]))
	}
	if bytes.HasPrefix(body, []byte("<")) || bytes.HasPrefix(body, []byte("[")) {
		return ""
	}
	return string(body)
}
