package snyksim

import (
	"bytes"
	"net/http"
	"strings"
	"time"
)

// Reset resets the connection without an answer. The endpoint is not reached.
func Reset() Effect {
	return answer("reset", func(*exchange) *reply { return &reply{header: make(http.Header), cut: cutReset} })
}

// LoseAnswer resets the connection after the answer was made: to the server the
// request has happened.
func LoseAnswer() Effect {
	return onReply("lose answer", func(x *exchange) { x.reply.cut = cutReset })
}

// CutBody breaks the connection after a share (0 to 1) of a chunked body.
func CutBody(share float64) Effect { return cut("cut body", cutChunked, share) }

// ShortBody breaks the connection after a share of the body that
// Content-Length promised.
func ShortBody(share float64) Effect { return cut("short body", cutLength, share) }

func cut(name string, mode cutMode, share float64) Effect {
	return onReply(name, func(x *exchange) {
		x.reply.cut, x.reply.keep = mode, int(share*float64(len(x.reply.body)))
	})
}

// TruncateBody ends the body early in a well-formed HTTP answer: half a JSON
// document with a 200.
func TruncateBody(share float64) Effect {
	return onReply("truncate body", func(x *exchange) {
		x.reply.body = x.reply.body[:int(share*float64(len(x.reply.body)))]
	})
}

// ReplaceBody sends any bytes with the headers of the true answer.
func ReplaceBody(body string) Effect {
	return onReply("replace body", func(x *exchange) { x.reply.body = []byte(body) })
}

// ContentType sends a wrong content type; empty sends none.
func ContentType(value string) Effect {
	return onReply("content type", func(x *exchange) {
		x.reply.header.Del("Content-Type")
		if value != "" {
			x.reply.header.Set("Content-Type", value)
		}
	})
}

// Header sets a header of the answer; an empty value takes it away.
func Header(name, value string) Effect {
	return onReply("header "+strings.ToLower(name), func(x *exchange) {
		if value == "" {
			x.reply.header[http.CanonicalHeaderKey(name)] = nil
			return
		}
		x.reply.header.Set(name, value)
	})
}

// DateSkew moves the Date header alone; Config.Skew moves the whole clock.
func DateSkew(d time.Duration) Effect {
	return onReply("date skew", func(x *exchange) {
		x.reply.header.Set("Date", x.now.Add(d).Format(http.TimeFormat))
	})
}

func isPage(x *exchange) bool { return x.page != nil }

// HugeBody makes an otherwise true list answer this many bytes longer.
func HugeBody(size int) Effect {
	return Effect{"huge body", []part{{at: stagePage, applies: isPage, apply: func(x *exchange) {
		x.page.members += `,"meta":{"padding":"` + strings.Repeat("x", size) + `"}`
	}}}}
}

// DeepBody nests arrays this deep in an otherwise true list answer.
func DeepBody(depth int) Effect {
	return Effect{"deep body", []part{{at: stagePage, applies: isPage, apply: func(x *exchange) {
		x.page.members += `,"meta":` + strings.Repeat("[", depth) + strings.Repeat("]", depth)
	}}}}
}

// CorruptUTF8 puts a byte that is not UTF-8 into the first event name of an
// audit answer, on the wire only: the ledger keeps the true bytes.
func CorruptUTF8() Effect {
	mark := []byte(`"event":"`)
	return Effect{"corrupt utf8", []part{{
		at:      stageReply,
		applies: func(x *exchange) bool { return bytes.Contains(x.reply.body, mark) },
		apply: func(x *exchange) {
			x.reply.body = bytes.Replace(x.reply.body, mark, append(bytes.Clone(mark), 0xff), 1)
		},
	}}}
}
