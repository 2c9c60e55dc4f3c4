package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
)

// messageEvents is what a message of StreamEvents holds by default.
const messageEvents = 256

// pool are messages ready to send. A bare server sends them over and over, until the
// caller has had enough. It holds the first events of the journal and not all, so that a
// heap that is only there for the limit does not change how often the garbage
// collector runs for the figure. Since it stays in the processor's caches the limit is
// rather too high than too low.
type pool struct {
	messages []mem.BufferSlice
	// once says that they are sent once, and the stream then stays open.
	once bool
}

// poolMessages bounds a pool.
const poolMessages = 100

// fetchPools reads the beginning of the journal from a server, and makes of it the
// messages for each kind of replay.
func fetchPools(ctx context.Context, address string) (map[string]*pool, error) {
	events, token, err := fetchEvents(ctx, address, poolMessages*messageEvents)
	if err != nil {
		return nil, fmt.Errorf("read events for the bare server: %w", err)
	}
	pools := map[string]*pool{}
	for _, k := range kinds {
		if pools[k.passing], err = newPool(events, token, k.passes); err != nil {
			return nil, err
		}
	}
	pools["once"] = &pool{messages: pools["all"].messages[:1], once: true}
	return pools, nil
}

// fetchEvents reads so many events from the beginning, or all that there are.
func fetchEvents(ctx context.Context, address string, most int) (events []*snykstreamv1.Event, token string, err error) {
	caller, err := dial(ctx, address)
	if err != nil {
		return nil, "", err
	}
	defer func() { err = errors.Join(err, caller.Close()) }()
	stream, err := caller.Events().StreamEvents(ctx, fromEarliest(nil))
	if err != nil {
		return nil, "", err
	}
	for len(events) < most {
		message, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, "", err
		}
		events, token = append(events, message.GetEvents()...), message.GetResumeToken()
	}
	return events[:min(most, len(events))], token, nil
}

// newPool encodes the events that pass, in full messages with a token as long as a
// real one.
func newPool(events []*snykstreamv1.Event, token string, passes func(name string) bool) (*pool, error) {
	p := &pool{}
	message := &snykstreamv1.StreamEventsResponse{ResumeToken: token}
	for i, event := range events {
		if passes(audit.RecordOf(event).GetEvent()) {
			message.Events = append(message.Events, event)
		}
		if len(message.GetEvents()) < messageEvents && i < len(events)-1 || len(message.GetEvents()) == 0 {
			continue
		}
		data, err := proto.Marshal(message)
		if err != nil {
			return nil, err
		}
		p.messages = append(p.messages, mem.BufferSlice{mem.SliceBuffer(data)})
		message.Events = nil
	}
	if len(p.messages) == 0 {
		return nil, errors.New("none of the events passes")
	}
	return p, nil
}

// kind is a kind of replay: what is asked for, and what of the journal passes.
type kind struct {
	name    string
	include []*snykstreamv1.EventFilter
	// passing names the events that pass, passes tells them.
	passing string
	passes  func(name string) bool
	// target is for one subscriber alone.
	target target
}

var kinds = []kind{
	{name: "all", passing: "all", passes: func(string) bool { return true }, target: target{AtLeast: 0.8}},
	{
		name: "name10", passing: "tenth", passes: tenth, target: target{AtLeast: 0.6},
		include: []*snykstreamv1.EventFilter{{EventNames: []string{tenthName}}},
	},
	{
		name: "name50", passing: "half", passes: func(name string) bool { return strings.HasPrefix(name, halfPrefix) }, target: target{AtLeast: 0.6},
		include: []*snykstreamv1.EventFilter{{EventNames: []string{halfNames}}},
	},
	{
		name: "cel10", passing: "tenth", passes: tenth,
		include: []*snykstreamv1.EventFilter{{Expression: `record.event == "` + tenthName + `" && record.content.after.role == "ADMIN"`}},
	},
}

func tenth(name string) bool { return name == tenthName }
