package snyksim

import (
	"net/http"
	"time"
)

// stage is a point on a request's way where an effect may act.
type stage int

const (
	stageEdge  stage = iota // before limits are looked at
	stagePlan               // before the endpoint; may answer in its place
	stagePage               // the items are chosen, not yet rendered
	stageReply              // the answer is rendered, not yet sent
)

// part is one act of an effect. It fires where applies (nil: always) holds.
type part struct {
	at      stage
	applies func(*exchange) bool
	apply   func(*exchange)
}

// Effect is what a fault does; see the functions that return one.
type Effect struct {
	name  string
	parts []part
}

// Name is what FaultsFired counts the effect under.
func (e Effect) Name() string { return e.name }

// Together is several effects in one, fired and counted together.
func Together(name string, effects ...Effect) Effect {
	all := Effect{name: name}
	for _, e := range effects {
		all.parts = append(all.parts, e.parts...)
	}
	return all
}

func answer(name string, build func(*exchange) *reply) Effect {
	return Effect{name, []part{{
		at:      stagePlan,
		applies: func(x *exchange) bool { return x.reply == nil },
		apply:   func(x *exchange) { x.reply = build(x) },
	}}}
}

func onReply(name string, apply func(*exchange)) Effect {
	return Effect{name, []part{{at: stageReply, apply: apply}}}
}

// Status answers with a status and a body of the form given.
func Status(code int, form Body) Effect {
	return answer("status "+itoa(code), func(x *exchange) *reply { return statusError(code).as(x, form) })
}

// RefuseCursor answers 400 in the documented form to requests that have a cursor.
func RefuseCursor() Effect {
	return Effect{"refuse cursor", []part{{
		at:      stagePlan,
		applies: func(x *exchange) bool { return x.reply == nil && HasCursor(x.request) },
		apply: func(x *exchange) {
			name := cursorName(x.request)
			x.reply = badParameter(name, name+" is invalid").reply(x)
		},
	}}}
}

// HasCursor is a condition for Match.When: the request follows a link.
func HasCursor(r *http.Request) bool { return cursorName(r) != "" }

// cursorName is the parameter with the cursor, empty where there is none: the
// audit search has one, the lists of the directory another.
func cursorName(r *http.Request) string {
	args := r.URL.Query()
	for _, name := range []string{"cursor", "starting_after"} {
		if args.Has(name) {
			return name
		}
	}
	return ""
}

// NoCursor is a condition for Match.When: the request starts a reading.
func NoCursor(r *http.Request) bool { return !HasCursor(r) }

// Throttle refuses the credential of the request with 429 until its requests
// stop for quiet; each request made meanwhile begins that time anew.
func Throttle(quiet time.Duration, hint RetryHint) Effect {
	return Effect{"throttle", []part{{
		at:    stageEdge,
		apply: func(x *exchange) { x.sim.limiter.block(x.limitKey, x.now, quiet, hint) },
	}}}
}

// Redirect answers 302 to the same path and query on another origin, in any of
// the forms of ForeignOrigins.
func Redirect(origin string) Effect {
	return answer("redirect", func(x *exchange) *reply {
		rep := newReply(http.StatusFound, typeHTML, "")
		rep.header.Set("Location", origin+x.request.URL.RequestURI())
		return rep
	})
}

// Delay waits on a timer before the answer; a caller that leaves meanwhile gets none.
func Delay(d time.Duration) Effect {
	return Effect{"delay", []part{{at: stagePlan, apply: func(x *exchange) {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
			x.now = x.sim.Now()
		case <-x.request.Context().Done():
			x.reply = &reply{header: make(http.Header), cut: cutSilent}
		}
	}}}}
}

// Do runs a hook before the answer is made, with no lock held: it may add,
// remove or rewrite records between the pages of a reading.
func Do(name string, hook func(*Sim, *http.Request)) Effect {
	return Effect{name, []part{{at: stagePlan, apply: func(x *exchange) { hook(x.sim, x.request) }}}}
}

// DoAfter is Do after the answer is made and before it is sent.
func DoAfter(name string, hook func(*Sim, *http.Request)) Effect {
	return onReply(name, func(x *exchange) { hook(x.sim, x.request) })
}
