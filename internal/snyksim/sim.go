package snyksim

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Snyk's documented limits and defaults.
const (
	defaultHistory  = 90 * 24 * time.Hour
	defaultPageSize = 100
	defaultLogSize  = 10_000
	defaultHost     = "api.snyk.io"
)

// Config describes a simulator. The zero value is a working one.
type Config struct {
	// Seed makes every id, secret, generated record and throw of a fault's dice.
	Seed uint64
	// Now is the true clock; nil means time.Now.
	Now func() time.Time
	// Skew is how far Snyk's clock is ahead of Now: records, defaults and the
	// Date header all follow it.
	Skew time.Duration
	// Host is the API host that personal access tokens name; default api.snyk.io.
	Host string
	// MaxPageSize bounds (and is the default of) the size parameter; default 100.
	MaxPageSize int
	// History is how long a record is shown after its time; default 90 days.
	History time.Duration
	// Cursors says what a cursor holds; default KeysetCursors.
	Cursors CursorMode
	// CursorLifetime ends cursors with 400 when they are older; 0 means never.
	CursorLifetime time.Duration
	// RateLimit is the limit of requests for each credential.
	RateLimit RateLimit
	// HideForbidden answers 404 instead of 403 where a permission is missing:
	// which of the two Snyk gives is not documented.
	HideForbidden bool
	// RecordAPIAccess adds an api.access record for every audit search, as Snyk does.
	RecordAPIAccess bool
	// ForeignHosts are hosts for which Transport only notes the request
	// (KindForeign) and answers 418, to prove that nobody goes there with a token.
	ForeignHosts []string
	// RequestLogSize bounds the request log; default 10 000, the oldest go first.
	RequestLogSize int
	// OnRequest is called with each request before its answer is made, with no
	// lock held: it may add records.
	OnRequest func(Request)
	// Control turns on the control surface under /_sim/.
	Control bool
}

// Sim is a simulated Snyk. It is safe for concurrent use.
type Sim struct {
	cfg      Config
	limiter  *limiter
	faults   *faultSet
	requests *requestLog

	mu      sync.Mutex // guards everything below
	skew    time.Duration
	ids     *rand.Rand // makes ids and secrets
	gen     *rand.Rand // makes realistic records
	late    *rand.Rand // deals out delays
	world   world
	tokens  tokenTable
	logs    map[string]*auditLog // by group or organization id
	entries map[RecordID]*entry
	lastID  RecordID
}

// New builds an empty world: no group, no organization, no credential.
func New(cfg Config) (*Sim, error) {
	if err := cfg.complete(); err != nil {
		return nil, fmt.Errorf("snyksim: %w", err)
	}
	return &Sim{
		cfg:      cfg,
		limiter:  newLimiter(cfg.RateLimit),
		faults:   newFaultSet(cfg.Seed),
		requests: newRequestLog(cfg.RequestLogSize, cfg.Seed, cfg.OnRequest),
		skew:     cfg.Skew,
		ids:      newRand(cfg.Seed, streamIDs),
		gen:      newRand(cfg.Seed, streamRecords),
		late:     newRand(cfg.Seed, streamLate),
		world:    newWorld(),
		tokens:   newTokenTable(),
		logs:     make(map[string]*auditLog),
		entries:  make(map[RecordID]*entry),
	}, nil
}

func (c *Config) complete() error {
	if c.MaxPageSize < 0 || c.RequestLogSize < 0 {
		return errors.New("sizes must not be negative")
	}
	if c.History < 0 || c.CursorLifetime < 0 {
		return errors.New("durations must not be negative")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.MaxPageSize == 0 {
		c.MaxPageSize = defaultPageSize
	}
	if c.History == 0 {
		c.History = defaultHistory
	}
	if c.RequestLogSize == 0 {
		c.RequestLogSize = defaultLogSize
	}
	if c.Host == "" {
		c.Host = defaultHost
	}
	return c.RateLimit.complete()
}

// Now is the time on Snyk's clock.
func (s *Sim) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now()
}

// now is Now for callers that hold s.mu.
func (s *Sim) now() time.Time { return s.cfg.Now().Add(s.skew).UTC() }

// SetSkew moves Snyk's clock to d ahead of the true one.
func (s *Sim) SetSkew(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.skew = d
}

// ServeHTTP answers one request in the caller's goroutine.
func (s *Sim) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.cfg.Control && strings.HasPrefix(r.URL.Path, controlPrefix) {
		s.serveControl(w, r)
		return
	}
	x := s.newExchange(r)
	s.answer(x)
	s.requests.done(x)
	x.reply.send(w)
}

// answer takes a request through the edge (throttling), the scripted faults and
// the endpoint, in the order in which they would meet it at Snyk.
func (s *Sim) answer(x *exchange) {
	x.armed = s.faults.arm(x)
	x.run(stageEdge)
	if refusal := s.limiter.admit(x); refusal != nil {
		x.reply = refusal
	} else {
		x.run(stagePlan)
	}
	if x.reply == nil {
		x.reply = s.dispatch(x)
	}
	s.addHeaders(x)
	x.run(stageReply)
}

// Independent streams of randomness, so that using one does not move another.
const (
	streamIDs uint64 = iota + 1
	streamRecords
	streamFaults
	streamRequestIDs
	streamTrickle
	streamLate
)

func newRand(seed, stream uint64) *rand.Rand {
	return rand.New(rand.NewPCG(seed, stream))
}

// newUUID makes a version 4 UUID.
func newUUID(r *rand.Rand) string {
	a, b := r.Uint64(), r.Uint64()
	return fmt.Sprintf("%08x-%04x-4%03x-%x%03x-%012x",
		uint32(a>>32), uint16(a>>16), a&0xfff, 8+b>>62, (b>>48)&0xfff, b&0xffffffffffff)
}
