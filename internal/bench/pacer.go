package main

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"
)

// pacer sends on a schedule, and keeps when each send began, so that receivers of the
// same process can tell how long ago that was.
type pacer struct {
	every time.Duration
	// warm are sends that do not count, count those that do.
	warm, count int
	// sent are when the sends began, in nanoseconds after start.
	start time.Time
	sent  []atomic.Int64
	// took is how long the sends that count took altogether, waiting included.
	took time.Duration
}

func newPacer(perSecond int, warm, during time.Duration) *pacer {
	p := &pacer{every: time.Second / time.Duration(perSecond), start: time.Now()}
	p.warm, p.count = int(warm/p.every), int(during/p.every)
	p.sent = make([]atomic.Int64, p.total())
	return p
}

func (p *pacer) total() int { return p.warm + p.count }

// send is a send that is prepared, so that what it takes to make it is not measured.
type send func(ctx context.Context) error

// run sends on schedule. A send that is late because the one before took long begins
// at once, and none is left out.
func (p *pacer) run(ctx context.Context, prepare func() (send, error)) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	began := time.Now()
	for n := range p.total() {
		send, err := prepare()
		if err != nil {
			return err
		}
		timer.Reset(time.Until(began.Add(time.Duration(n) * p.every)))
		select {
		case <-timer.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		p.sent[n].Store(int64(time.Since(p.start)))
		if err := send(ctx); err != nil {
			return fmt.Errorf("send %d: %w", n, err)
		}
	}
	p.took = time.Since(began)
	return nil
}

// behind says how far the sends fell behind the schedule, empty where they kept to it.
func (p *pacer) behind() string {
	planned := time.Duration(p.total()) * p.every
	if p.took <= planned+planned/20 {
		return ""
	}
	return fmt.Sprintf("sent at %.0f %% of the pace", 100*float64(planned)/float64(p.took))
}

// receiver is what one subscriber saw of a pacer's sends.
type receiver struct {
	pacer *pacer
	waits []time.Duration
	next  int
}

// got notes that the next send is there now.
func (r *receiver) got() {
	if r.next >= r.pacer.warm {
		r.waits = append(r.waits, time.Since(r.pacer.start)-time.Duration(r.pacer.sent[r.next].Load()))
	}
	r.next++
}

func (r *receiver) done() bool { return r.next >= r.pacer.total() }
