package grpcapi

import (
	"bytes"
	"testing"
	"unsafe"

	"google.golang.org/protobuf/proto"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/stored"
	"github.com/snykstream/snykstream/internal/wire"
)

// A few events of an entry do not keep all of it in memory, many do not get copied.
func TestBatchKeepsNoEntryForAFewEvents(t *testing.T) {
	t.Parallel()
	const events = 100
	var made stored.Entry
	for range events {
		made.Events = append(made.Events, &snykstreamv1.Event{Id: "an-event"})
		made.Raw = append(made.Raw, bytes.Repeat([]byte{'x'}, 10))
	}
	data, err := proto.Marshal(&made)
	if err != nil {
		t.Fatal(err)
	}
	section, _, err := wire.Cut(data, events)
	if err != nil {
		t.Fatal(err)
	}
	first, last := uintptr(unsafe.Pointer(&data[0])), uintptr(unsafe.Pointer(&data[len(data)-1]))
	for name, test := range map[string]struct {
		every int
		left  bool
		lies  bool
	}{
		"few, and the entry is left":        {20, true, false},
		"few, sent from within":             {20, false, false},
		"every one":                         {1, true, true},
		"every other one, sent from within": {2, false, true},
	} {
		b := eventBatch{maxEvents: 2 * events}
		var want []byte
		for range 2 {
			for i := 0; i < events; i += test.every {
				b.add(section, i, picked{size: section.Size(i)})
				want = append(want, section.Fields(i, i+1)...)
			}
			if test.left {
				b.leave()
				continue
			}
			break
		}
		taken := b.take()
		if !bytes.Equal(bytes.Join(taken.runs, nil), want) {
			t.Errorf("%s: other bytes", name)
		}
		for _, run := range taken.runs[:cap(taken.runs)] {
			if len(run) == 0 {
				continue
			}
			at := uintptr(unsafe.Pointer(&run[0]))
			if lies := first <= at && at <= last; lies != test.lies {
				t.Errorf("%s: a run lies in the entry: %t", name, lies)
			}
		}
	}
}
