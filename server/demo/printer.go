package demo

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/mattn/go-isatty"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
)

// shownHistory is how many events of history are printed before the rest is only
// counted.
const shownHistory = 8

// printer prints events in lines: coloured on a terminal, plain otherwise.
type printer struct {
	out      io.Writer
	terminal bool

	history, live int
	// counting says that the last line printed is a count that more history
	// overwrites; counted is what it said.
	counting bool
	counted  int
	caughtUp bool
}

func newPrinter(out io.Writer) *printer {
	file, ok := out.(*os.File)
	return &printer{out: out, terminal: ok && isatty.IsTerminal(file.Fd()) && os.Getenv("NO_COLOR") == ""}
}

// message prints what a message of the stream brings.
func (p *printer) message(m *snykstreamv1.StreamEventsResponse) {
	for _, event := range m.GetEvents() {
		if event.GetOrigin() != snykstreamv1.Origin_ORIGIN_BACKFILL {
			p.live++
			p.event(event)
			continue
		}
		p.history++
		if p.history <= shownHistory {
			p.event(event)
		}
	}
	if m.GetHeartbeat() != nil {
		p.progress(backfilled(m.GetHeartbeat()))
	}
}

// backfilled says that every feed has its history.
func backfilled(beat *snykstreamv1.Heartbeat) bool {
	feeds := 0
	for _, source := range beat.GetSources() {
		for _, feed := range source.GetFeeds() {
			feeds++
			if !feed.GetBackfillDone() {
				return false
			}
		}
	}
	return feeds > 0
}

// progress tells how much of the history is there, until all of it is.
func (p *printer) progress(done bool) {
	switch {
	case p.caughtUp || p.history == p.counted && !done:
		return
	case done:
		p.line(p.paint(dim, fmt.Sprintf("          history is complete: %d events; live ones follow", p.history)))
		p.caughtUp = true
		return
	}
	p.counted = p.history
	text := p.paint(dim, fmt.Sprintf("          reading 90 days of history: %d events", p.history))
	if !p.terminal {
		p.line(text)
		return
	}
	p.wipe()
	p.print(text)
	p.counting = true
}

func (p *printer) event(event *snykstreamv1.Event) {
	record := event.GetOrgAudit()
	at := event.GetEventTime().AsTime().Local() //nolint:gosmopolitan // the clock of whoever looks
	clock := at.Format(time.TimeOnly)
	if event.GetOrigin() == snykstreamv1.Origin_ORIGIN_BACKFILL {
		clock = at.Format("Jan _2")
	}
	category := strings.TrimPrefix(event.GetCategory().String(), "EVENT_CATEGORY_")
	p.line(fmt.Sprintf("%-8s  %s  %-34s  %s  %s",
		clock, p.paint(colours[event.GetCategory()], fmt.Sprintf("%-15s", category)), record.GetEvent(),
		p.paint(dim, "user "+short(record.GetUserId())), p.paint(dim, content(record))))
}

// content is a record's content in one short line.
func content(record *snykstreamv1.OrgAudit) string {
	if len(record.GetContent().GetFields()) == 0 {
		return ""
	}
	text, err := json.Marshal(record.GetContent().AsMap())
	if err != nil {
		return ""
	}
	const most = 60
	if runes := []rune(string(text)); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return string(text)
}

func short(id string) string {
	if id == "" {
		return "-       "
	}
	return id[:min(len(id), 8)]
}

func (p *printer) goodbye() {
	p.line("")
	p.line(fmt.Sprintf("%d events of history and %d live ones, each exactly once.", p.history, p.live))
}

func (p *printer) line(text string) {
	p.wipe()
	p.print(text + "\n")
}

// wipe takes an unfinished count off the terminal.
func (p *printer) wipe() {
	if p.counting {
		p.print("\r\x1b[2K")
		p.counting = false
	}
}

// print writes text. Where it cannot be written there is nobody to tell.
func (p *printer) print(text string) { _, _ = io.WriteString(p.out, text) }

const dim = "2"

// colours are those of a terminal, by how much a category is worth a look.
var colours = map[snykstreamv1.EventCategory]string{
	snykstreamv1.EventCategory_EVENT_CATEGORY_ROLE:            "31",
	snykstreamv1.EventCategory_EVENT_CATEGORY_SERVICE_ACCOUNT: "31",
	snykstreamv1.EventCategory_EVENT_CATEGORY_POLICY:          "33",
	snykstreamv1.EventCategory_EVENT_CATEGORY_AUTHENTICATION:  "33",
	snykstreamv1.EventCategory_EVENT_CATEGORY_MEMBERSHIP:      "35",
	snykstreamv1.EventCategory_EVENT_CATEGORY_SETTINGS:        "36",
	snykstreamv1.EventCategory_EVENT_CATEGORY_INTEGRATION:     "36",
	snykstreamv1.EventCategory_EVENT_CATEGORY_PROJECT:         "32",
}

func (p *printer) paint(colour, text string) string {
	if !p.terminal || colour == "" || text == "" {
		return text
	}
	return "\x1b[" + colour + "m" + text + "\x1b[0m"
}
