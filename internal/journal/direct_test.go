package journal

import (
	"context"
	"errors"
	"strconv"
	"testing"

	"github.com/nats-io/nats.go"
)

func reply(sequence, previous int) *nats.Msg {
	return &nats.Msg{Header: nats.Header{
		"Nats-Subject": {"s"}, "Nats-Sequence": {strconv.Itoa(sequence)}, "Nats-Last-Sequence": {strconv.Itoa(previous)},
		"Nats-Time-Stamp": {"2026-03-01T12:00:00.5Z"},
	}}
}

func end(last int) *nats.Msg {
	return &nats.Msg{Header: nats.Header{
		"Status": {"204"}, "Description": {"EOB"}, "Nats-Num-Pending": {"9"}, "Nats-Last-Sequence": {strconv.Itoa(last)},
	}}
}

func status(code, text string) *nats.Msg {
	return &nats.Msg{Header: nats.Header{"Status": {code}, "Description": {text}}}
}

// An answer counts only if it is whole.
func TestAnswerOfTheStore(t *testing.T) {
	bad := reply(4, 3)
	bad.Header.Set("Nats-Time-Stamp", "yesterday")
	unnumbered := reply(4, 3)
	unnumbered.Header.Del("Nats-Sequence")
	tests := map[string]struct {
		replies []*nats.Msg
		want    int
		err     error // errAny: some error
	}{
		"whole":                 {replies: []*nats.Msg{reply(3, 0), reply(4, 3), reply(9, 4), end(9)}, want: 3},
		"empty":                 {replies: []*nats.Msg{end(0)}},
		"nothing found":         {replies: []*nats.Msg{status("404", "No Results")}},
		"message not found":     {replies: []*nats.Msg{status("404", "Message Not Found")}, err: errNotFound},
		"lost at the start":     {replies: []*nats.Msg{reply(4, 3), end(4)}, err: errAny},
		"lost in the middle":    {replies: []*nats.Msg{reply(3, 0), reply(9, 4), end(9)}, err: errAny},
		"lost at the end":       {replies: []*nats.Msg{reply(3, 0), end(4)}, err: errAny},
		"all lost":              {replies: []*nats.Msg{end(4)}, err: errAny},
		"cut":                   {replies: []*nats.Msg{reply(3, 0)}, err: context.Canceled},
		"found, then not found": {replies: []*nats.Msg{reply(3, 0), status("404", "Message Not Found")}, err: errNotFound},
		"too many":              {replies: []*nats.Msg{status("413", "Too Many Results")}, err: errTooMany},
		"nobody there":          {replies: []*nats.Msg{status("503", "")}, err: nats.ErrNoResponders},
		"refused":               {replies: []*nats.Msg{status("408", "Bad Request")}, err: errAny},
		"no time":               {replies: []*nats.Msg{reply(3, 0), bad}, err: errAny},
		"no number":             {replies: []*nats.Msg{reply(3, 0), unnumbered}, err: errAny},
		"end without numbers":   {replies: []*nats.Msg{status("204", "EOB")}, err: errAny},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			replies := make(chan *nats.Msg)
			go func() {
				for _, r := range test.replies {
					select {
					case replies <- r:
					case <-ctx.Done():
						return
					}
				}
				cancel()
			}()
			got, err := gather(ctx, replies)
			cancel()
			expected := errors.Is(err, test.err) || err != nil && errors.Is(test.err, errAny)
			if !expected || len(got.messages) != test.want {
				t.Errorf("got %d messages, %v", len(got.messages), err)
			}
		})
	}
}

var errAny = errors.New("some error")
