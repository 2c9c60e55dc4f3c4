package snyksim

import (
	"encoding/base64"
	"encoding/binary"
	"hash/fnv"
	"time"
)

// CursorMode says what a cursor remembers; Snyk's are opaque, so a client must
// be right with either.
type CursorMode int

const (
	// KeysetCursors remember the last record: inserts never shift the pages after it.
	KeysetCursors CursorMode = iota
	// OffsetCursors count records: an insert before the cursor shifts every page
	// after it, so that a record shows twice or, after a removal, not at all.
	OffsetCursors
)

// cursor is where a page starts.
type cursor struct {
	mode   CursorMode
	behind place // KeysetCursors: the page starts behind this record
	start  bool  // KeysetCursors: the page starts at the beginning
	offset int64 // OffsetCursors
	issued time.Time
}

const cursorBytes = 1 + 8 + 8 + 8 + 4 + 4

// text is the opaque form; it is bound to one log and protected by a sum, so
// that a made-up cursor, or one of another log, is refused.
func (c cursor) text(scope uint32) string {
	b := make([]byte, 0, cursorBytes)
	flags := byte(c.mode)
	if c.start {
		flags |= 0x80
	}
	b = append(b, flags)
	a, ord := c.behind.created.UnixNano(), c.behind.ord
	if c.mode == OffsetCursors || c.start {
		a, ord = c.offset, 0
	}
	b = binary.BigEndian.AppendUint64(b, uint64(a))
	b = binary.BigEndian.AppendUint64(b, uint64(ord))
	b = binary.BigEndian.AppendUint64(b, uint64(c.issued.UnixNano()))
	b = binary.BigEndian.AppendUint32(b, scope)
	b = binary.BigEndian.AppendUint32(b, hash32(string(b)))
	return "v1." + base64.RawURLEncoding.EncodeToString(b)
}

// parseCursor is the way back; ok is false for anything text did not make for this log.
func parseCursor(text string, scope uint32) (c cursor, ok bool) {
	const prefix = "v1."
	if len(text) < len(prefix) || text[:len(prefix)] != prefix {
		return c, false
	}
	b, err := base64.RawURLEncoding.DecodeString(text[len(prefix):])
	if err != nil || len(b) != cursorBytes {
		return c, false
	}
	body, sum := b[:cursorBytes-4], binary.BigEndian.Uint32(b[cursorBytes-4:])
	if hash32(string(body)) != sum || binary.BigEndian.Uint32(b[25:29]) != scope {
		return c, false
	}
	c.mode, c.start = CursorMode(b[0]&0x7f), b[0]&0x80 != 0
	a := int64(binary.BigEndian.Uint64(b[1:9]))
	if c.mode == OffsetCursors {
		c.offset = a
	} else if !c.start {
		c.behind = place{created: time.Unix(0, a).UTC(), ord: int64(binary.BigEndian.Uint64(b[9:17]))}
	}
	c.issued = time.Unix(0, int64(binary.BigEndian.Uint64(b[17:25]))).UTC()
	return c, true
}

func hash32(s string) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(s)) // never fails
	return h.Sum32()
}
