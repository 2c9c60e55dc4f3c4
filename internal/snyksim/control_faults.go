package snyksim

import (
	"net/http"
	"slices"
	"time"
)

// FaultSpec is a Fault in JSON, for the control surface. Effect is one of:
// status (status, body: json_api, minimal, html, empty_object, code_message,
// empty), throttle (duration, hint: reset, retry_after, retry_after_date, none),
// redirect (origin), delay (duration), reset, lose_answer, cut_body (share),
// short_body (share), truncate_body (share), replace_body (text), content_type
// (text), date_skew (duration), huge_body (n), deep_body (n), corrupt_utf8,
// refuse_cursor, unsorted, short_pages (n), omit_empty_items, trailing_next,
// link (form: relative, bare, absolute, object, object_absolute, null, empty),
// foreign_link (origin), repeat_cursor, cursor_to_start, drop_next, repeat_items.
type FaultSpec struct {
	Name        string   `json:"name"`
	Effect      string   `json:"effect"`
	Kinds       []Kind   `json:"kinds"`
	ScopeIDs    []string `json:"scope_ids"`
	Nth         int      `json:"nth"`
	Every       int      `json:"every"`
	Probability float64  `json:"probability"`
	Cursor      *bool    `json:"cursor"` // only requests with, or without, a cursor
	Times       int      `json:"times"`
	For         string   `json:"for"`

	Status   int     `json:"status"`
	Body     string  `json:"body"`
	Duration string  `json:"duration"`
	Hint     string  `json:"hint"`
	Origin   string  `json:"origin"`
	Share    float64 `json:"share"`
	N        int     `json:"n"`
	Text     string  `json:"text"`
	Form     string  `json:"form"`
}

// The words of FaultSpec, in the order of the constants that they stand for.
var (
	bodyWords = []string{"json_api", "minimal", "html", "empty_object", "code_message", "empty"}
	hintWords = []string{"reset", "retry_after", "retry_after_date", "none"}
	linkWords = []string{"relative", "bare", "absolute", "object", "object_absolute", "null", "empty"}
)

// Fault is the fault that the specification describes.
func (f FaultSpec) Fault() (Fault, error) {
	duration, err := parseDuration(f.Duration)
	if err != nil {
		return Fault{}, err
	}
	lasting, err := parseDuration(f.For)
	if err != nil {
		return Fault{}, err
	}
	if f.Share < 0 || f.Share > 1 || f.N < 0 || f.N > 256<<20 || f.Probability < 0 || f.Probability > 1 {
		return Fault{}, callError{"share and probability are 0 to 1, n is 0 to 256 Mi"}
	}
	effect, err := f.effect(duration)
	if err != nil {
		return Fault{}, err
	}
	m := Match{Kinds: f.Kinds, ScopeIDs: f.ScopeIDs, Nth: f.Nth, Every: f.Every, Probability: f.Probability}
	if f.Cursor != nil {
		m.When = NoCursor
		if *f.Cursor {
			m.When = HasCursor
		}
	}
	return Fault{Name: f.Name, Match: m, Times: f.Times, For: lasting, Effect: effect}, nil
}

func (f FaultSpec) effect(d time.Duration) (Effect, error) {
	body, err := word("body", f.Body, bodyWords)
	if err != nil {
		return Effect{}, err
	}
	hint, err := word("hint", f.Hint, hintWords)
	if err != nil {
		return Effect{}, err
	}
	form, err := word("form", f.Form, linkWords)
	if err != nil {
		return Effect{}, err
	}
	if f.Effect == "status" && (f.Status < 200 || f.Status > 599) {
		return Effect{}, callError{"status must be 200 to 599"}
	}
	effects := map[string]func() Effect{
		"status":        func() Effect { return Status(f.Status, Body(body)) },
		"throttle":      func() Effect { return Throttle(d, RetryHint(hint)) },
		"redirect":      func() Effect { return Redirect(f.Origin) },
		"delay":         func() Effect { return Delay(d) },
		"reset":         Reset,
		"lose_answer":   LoseAnswer,
		"cut_body":      func() Effect { return CutBody(f.Share) },
		"short_body":    func() Effect { return ShortBody(f.Share) },
		"truncate_body": func() Effect { return TruncateBody(f.Share) },
		"replace_body":  func() Effect { return ReplaceBody(f.Text) },
		"content_type":  func() Effect { return ContentType(f.Text) },
		"date_skew":     func() Effect { return DateSkew(d) },
		"huge_body":     func() Effect { return HugeBody(f.N) },
		"deep_body":     func() Effect { return DeepBody(f.N) },
		"corrupt_utf8":  CorruptUTF8, "refuse_cursor": RefuseCursor,
		"unsorted":         Unsorted,
		"short_pages":      func() Effect { return ShortPages(f.N) },
		"omit_empty_items": OmitEmptyItems, "trailing_next": TrailingNext,
		"link":          func() Effect { return Link(LinkForm(form)) },
		"foreign_link":  func() Effect { return ForeignLink(f.Origin) },
		"repeat_cursor": RepeatCursor, "cursor_to_start": CursorToStart,
		"drop_next": DropNext, "repeat_items": RepeatItems,
	}
	build, ok := effects[f.Effect]
	if !ok {
		return Effect{}, badCallf("no effect %q: see FaultSpec", f.Effect)
	}
	return build(), nil
}

// word is the place of a word in a list; no word is the first.
func word(field, w string, words []string) (int, error) {
	if w == "" {
		return 0, nil
	}
	i := slices.Index(words, w)
	if i < 0 {
		return 0, badCallf("%s is one of %v", field, words)
	}
	return i, nil
}

func parseDuration(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0, badCallf("%v", err)
	}
	return d, nil
}

func (s *Sim) controlInject(r *http.Request) (any, error) {
	var spec FaultSpec
	if err := readControl(r, &spec); err != nil {
		return nil, err
	}
	f, err := spec.Fault()
	if err != nil {
		return nil, err
	}
	in := s.Inject(f)
	return map[string]string{"name": in.fault.Name}, nil
}
