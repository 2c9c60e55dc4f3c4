package collect

import "time"

const (
	// settle is how long time is left alone before it counts as read: what Snyk
	// shows a moment late in it is still expected. Events are stored as soon as
	// they show, settled or not.
	settle = time.Second
	// skewNoise is the difference between two clocks that says nothing: Snyk's
	// has whole seconds and takes the network's time to reach us.
	skewNoise = 2 * time.Second
	// wildest bounds the lead, so that sums with it stay durations.
	wildest = 100 * 365 * 24 * time.Hour
)

// skewedClock knows how far Snyk's clock leads ours, from its answers.
type skewedClock struct{ lead time.Duration }

// learn takes note of Snyk's clock in an answer to a request that was sent and
// answered at these times by ours: of the leads that fit, the smallest. What
// waited on the way is no lead.
func (c *skewedClock) learn(server, sent, answered time.Time) {
	switch {
	case server.IsZero():
		return
	case server.After(answered):
		c.lead = server.Sub(answered)
	case server.Before(sent):
		c.lead = server.Sub(sent)
	default:
		c.lead = 0
	}
	if c.lead.Abs() <= skewNoise {
		c.lead = 0
	}
	c.lead = min(max(c.lead, -wildest), wildest)
}

// now is Snyk's clock.
func (c *skewedClock) now() time.Time { return time.Now().Add(c.lead) }

// slower and faster are the present by the one clock of the two that is behind,
// and by the one that is ahead. Either may be the wrong one.
func (c *skewedClock) slower() time.Time { return time.Now().Add(min(c.lead, 0)) }
func (c *skewedClock) faster() time.Time { return time.Now().Add(max(c.lead, 0)) }

// horizon is the end of the time that an answer can prove read whose request was
// sent at a moment by our clock: by the slower clock, less what settles. An
// answer that was long on the way tells nothing of the time it took.
func (c *skewedClock) horizon(sent time.Time) time.Time { return sent.Add(min(c.lead, 0) - settle) }
