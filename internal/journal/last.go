package journal

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/nats-io/nats.go/jetstream"
)

// maxLast is how many last messages the store hands out for one request.
const maxLast = 1024

// lastBytes is where the store cuts an answer. The rest is asked for again.
const lastBytes = 4 << 20

// lastMessages reads the last message of each subject that the filter covers, as
// of one moment, in order.
func (d *direct) lastMessages(ctx context.Context, js jetstream.JetStream, stream, filter string) ([]message, error) {
	got, err := d.lastOf(ctx, stream, []string{filter}, 0)
	if !errors.Is(err, errTooMany) {
		return got, err
	}
	return d.manyLast(ctx, js, stream, filter)
}

// manyLast is lastMessages for more subjects than the store hands out at once.
// All are read as of the sequence that the stream had first: a subject that came
// later has nothing up to it.
func (d *direct) manyLast(ctx context.Context, js jetstream.JetStream, stream, filter string) ([]message, error) {
	handle, err := js.Stream(ctx, stream)
	if err != nil {
		return nil, err
	}
	upTo := handle.CachedInfo().State.LastSeq
	info, err := handle.Info(ctx, jetstream.WithSubjectFilter(filter))
	if err != nil {
		return nil, err
	}
	subjects := make([]string, 0, len(info.State.Subjects))
	for subject := range info.State.Subjects {
		subjects = append(subjects, subject)
	}
	var all []message
	for some := range slices.Chunk(subjects, maxLast) {
		got, err := d.lastOf(ctx, stream, some, upTo)
		if err != nil {
			return nil, err
		}
		all = append(all, got...)
	}
	slices.SortFunc(all, func(a, b message) int { return cmp.Compare(a.seq, b.seq) })
	return all, nil
}

// lastOf reads the last messages up to a sequence, 0 for the stream's last,
// going on where the store cuts its answer.
func (d *direct) lastOf(ctx context.Context, stream string, filters []string, upTo uint64) ([]message, error) {
	var all []message
	req := getRequest{MultiLast: filters, UpTo: upTo, Batch: maxLast, MaxBytes: lastBytes}
	for {
		got, err := d.get(ctx, stream, req)
		if err != nil {
			return nil, err
		}
		all = append(all, got.messages...)
		if got.pending == 0 || len(got.messages) == 0 {
			return all, nil
		}
		// The rest as of the same moment, or state and fence would not belong together.
		req.UpTo = got.upTo
		req.Seq = all[len(all)-1].seq + 1
	}
}

// end reads the last of all messages that the filter covers, whatever number of
// subjects that is; false if there is none.
func (d *direct) end(ctx context.Context, js jetstream.JetStream, stream, filter string) (message, bool, error) {
	last, err := d.single(ctx, stream, getRequest{LastFor: filter})
	if !errors.Is(err, errNotFound) {
		return last, err == nil, err
	}
	// Here the store makes no difference between a message that is not there and one
	// that it cannot read. In a reading of last messages it does.
	all, err := d.lastMessages(ctx, js, stream, filter)
	if err != nil || len(all) == 0 {
		return message{}, false, err
	}
	return all[len(all)-1], true, nil
}
