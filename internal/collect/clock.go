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
)

// skewedClock knows how far Snyk's clock leads ours, from its answers.
type skewedClock struct{ lead time.Duration }

// learn takes note of Snyk's clock at an answer to a request sent at sent.
func (c *skewedClock) learn(server, sent time.Time) {
	if server.IsZero() {
		return
	}
	if c.lead = server.Sub(sent); c.lead.Abs() <= skewNoise {
		c.lead = 0
	}
}

// now is Snyk's clock.
func (c *skewedClock) now() time.Time { return time.Now().Add(c.lead) }

// horizon is the end of the time that can count as read now: by the slower of
// the two clocks, less what settles.
func (c *skewedClock) horizon() time.Time {
	return time.Now().Add(min(c.lead, 0) - settle)
}
