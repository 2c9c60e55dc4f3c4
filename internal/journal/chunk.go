package journal

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/snykstream/snykstream/internal/audit"
	"github.com/snykstream/snykstream/internal/stored"
)

// chunkRef says where the bytes of one of an entry's records lie.
type chunkRef struct {
	index     int
	sequences []uint64
}

// appendChunks stores the bytes of the part's large records, before the entry
// that refers to them, and returns the fence after them. Chunks whose entry never
// comes are passed over by every reader.
func (j *Journal) appendChunks(ctx context.Context, sourceID string, fence uint64, p *part, now time.Time) (uint64, error) {
	size := j.limits().entry / 2
	for i := range p.records {
		rec := &p.records[i]
		if rec.large == nil {
			continue
		}
		ref := chunkRef{index: i}
		total := (len(rec.large) + size - 1) / size
		for n := range total {
			chunk := &stored.RawChunk{
				EventId: rec.id,
				Index:   uint32(n),
				Total:   uint32(total), //nolint:gosec // the same
				Data:    rec.large[n*size : min((n+1)*size, len(rec.large))],
			}
			data, err := marshal.Marshal(&stored.Entry{Chunk: chunk})
			if err != nil {
				return 0, fmt.Errorf("encoding a chunk of event %s: %w", rec.id, err)
			}
			fence, err = j.publish(ctx, sourceID, fence, newEntryMessage(chunkSubject(sourceID), now, data))
			if err != nil {
				return 0, err
			}
			ref.sequences = append(ref.sequences, fence)
		}
		p.chunks = append(p.chunks, ref)
	}
	return fence, nil
}

// formatChunks writes the references as a header: "2:17,18;5:19" for records 2
// and 5.
func formatChunks(refs []chunkRef) string {
	var out strings.Builder
	for i, ref := range refs {
		if i > 0 {
			out.WriteByte(';')
		}
		out.WriteString(strconv.Itoa(ref.index))
		for k, seq := range ref.sequences {
			out.WriteByte(":,"[min(k, 1)])
			out.WriteString(strconv.FormatUint(seq, 10))
		}
	}
	return out.String()
}

// findChunks reads the references to the bytes of one record out of the header.
func findChunks(header string, index int) ([]uint64, error) {
	for ref := range strings.SplitSeq(header, ";") {
		number, list, ok := strings.Cut(ref, ":")
		if !ok || number != strconv.Itoa(index) {
			continue
		}
		var out []uint64
		for text := range strings.SplitSeq(list, ",") {
			seq, err := strconv.ParseUint(text, 10, 64)
			if err != nil {
				return nil, fmt.Errorf("reading the chunk references %q: %w", header, err)
			}
			out = append(out, seq)
		}
		return out, nil
	}
	return nil, nil
}

// LargeRaw returns the bytes, as Snyk sent them, of the index-th record of the
// entry at sequence, where they were too many for it: Record.Raw is nil then,
// and the event is marked truncated. Nil: the entry has no such record.
//
// Errors: KindUnavailable; KindNotFound where retention has taken the bytes.
func (j *Journal) LargeRaw(ctx context.Context, sequence uint64, index int) ([]byte, error) {
	entry, err := j.single(ctx, sequence)
	if err != nil {
		return nil, err
	}
	sequences, err := findChunks(entry.header.Get(headerChunks), index)
	if err != nil {
		return nil, err
	}
	var out []byte
	for n, seq := range sequences {
		m, err := j.single(ctx, seq)
		if err != nil {
			return nil, err
		}
		var chunk stored.Entry
		if err := proto.Unmarshal(m.data, &chunk); err != nil {
			return nil, fmt.Errorf("decoding chunk %d: %w", seq, err)
		}
		if c := chunk.GetChunk(); c == nil || int(c.GetIndex()) != n || int(c.GetTotal()) != len(sequences) {
			return nil, fmt.Errorf("entry %d is not chunk %d of %d", seq, n, len(sequences))
		}
		out = append(out, chunk.GetChunk().GetData()...)
	}
	return out, nil
}

// single reads one entry.
func (j *Journal) single(ctx context.Context, sequence uint64) (message, error) {
	got, err := j.direct.next(ctx, getRequest{Seq: sequence, Batch: 1})
	if err != nil {
		return message{}, unavailable(ctx, "reading the journal", err)
	}
	if len(got.messages) == 0 || got.messages[0].seq != sequence {
		return message{}, &audit.Error{
			Kind: audit.KindNotFound, Message: "the journal no longer has the entry",
			Cause: errors.New("entry " + strconv.FormatUint(sequence, 10)),
		}
	}
	return got.messages[0], nil
}
