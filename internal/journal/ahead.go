package journal

import (
	"context"
)

// How much a reader takes at a time. It holds twice that, however far it is
// behind: what it delivers, and what it reads meanwhile.
const (
	aheadBatch = 64
	aheadBytes = 1 << 19
)

// ahead reads the store for one reader, one answer before the reader needs it.
type ahead struct {
	direct *direct
	// ready are messages that were read and not delivered.
	ready []message
	// coming is the answer that is being read, nil where none is.
	coming chan outcome
	stop   context.CancelFunc
}

// outcome is an answer, or why there is none.
type outcome struct {
	answer
	err error
}

// idle says that nothing was read that is to be delivered.
func (a *ahead) idle() bool { return len(a.ready) == 0 && a.coming == nil }

// fill waits for messages from a sequence on where none are ready. There are none
// then if none can be read. An error of ctx leaves the reading under way: the next
// call waits for it again.
func (a *ahead) fill(ctx context.Context, sequence uint64) error {
	if len(a.ready) > 0 {
		return nil
	}
	if a.coming == nil {
		a.begin(ctx, sequence)
	}
	var got outcome
	select {
	case got = <-a.coming:
	case <-ctx.Done():
		return ctx.Err()
	}
	a.stop()
	a.coming = nil
	if got.err != nil {
		return got.err
	}
	a.ready = got.messages
	if n := len(a.ready); n > 0 && got.pending > 0 {
		a.begin(ctx, a.ready[n-1].seq+1)
	}
	return nil
}

// begin starts to read. The reading outlives ctx: close ends it.
func (a *ahead) begin(ctx context.Context, sequence uint64) {
	ctx, a.stop = context.WithCancel(context.WithoutCancel(ctx))
	coming := make(chan outcome, 1)
	a.coming = coming
	go func() {
		got, err := a.direct.next(ctx, getRequest{Seq: sequence, Batch: aheadBatch, MaxBytes: aheadBytes})
		coming <- outcome{got, err}
	}()
}

// pop takes the first message off those that are ready.
func (a *ahead) pop() {
	a.ready[0] = message{} // the array behind the slice would keep it
	if a.ready = a.ready[1:]; len(a.ready) == 0 {
		a.ready = nil
	}
}

// close ends the reading and lets go of what was read.
func (a *ahead) close() {
	if a.coming != nil {
		a.stop()
		<-a.coming
	}
	*a = ahead{direct: a.direct}
}
