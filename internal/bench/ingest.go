package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/snykstream/snykstream/internal/audit"
	"github.com/snykstream/snykstream/internal/wire"
)

// The journal, the bare file and the bare engine take turns, so many appends at a time.
const (
	ingestTurns = 10
	ingestPages = 50
)

// ingester appends the same pages in three ways.
type ingester struct {
	journal *store
	file    *os.File
	bare    *bareJetStream
}

// ingested is how long each append of a turn took in each of the ways.
type ingested struct{ journal, file, engine []time.Duration }

// ingest appends pages of 100 events to the journal, and writes the same bytes to a
// file in the same folder and syncs it. What the engine takes for them without a
// journal says how much of the difference is its.
func ingest(ctx context.Context, b *bench) (rows []row, err error) {
	dir, err := b.folder("ingest")
	if err != nil {
		return nil, err
	}
	in, err := openIngester(ctx, dir)
	defer func() { err = errors.Join(err, in.close(ctx)) }()
	if err != nil {
		return nil, err
	}
	pages := max(int(ingestPages*min(1, 10*b.scale)), 5)
	var all ingested
	var figures, limits, engines []float64
	for turn := range max(int(ingestTurns*b.scale), 1) + 1 {
		took, err := in.turn(ctx, pages)
		if err != nil {
			return nil, err
		}
		if turn == 0 {
			continue // warming up
		}
		all.journal, all.file = append(all.journal, took.journal...), append(all.file, took.file...)
		figures = append(figures, rateOf(pages*pageEvents, sum(took.journal)))
		limits = append(limits, rateOf(pages*pageEvents, sum(took.file)))
		engines = append(engines, rateOf(pages*pageEvents, sum(took.engine)))
	}
	const limitIs = "write+fsync"
	rows = []row{
		medians("ingest, pages of 100", perSecond, figures, limits, limitIs, target{AtLeast: 0.6}),
		medians("ingest, beside the engine", perSecond, figures, engines, "bare JetStream", target{}),
	}
	for _, q := range []float64{0.5, 0.99} {
		name := fmt.Sprintf("ingest, an append p%.0f", q*100)
		rows = append(rows, compare(name, millis, quantile(inMillis(all.journal), q), quantile(inMillis(all.file), q), limitIs, target{}))
	}
	return rows, nil
}

func openIngester(ctx context.Context, dir string) (*ingester, error) {
	in := &ingester{}
	var err error
	if in.journal, err = openStore(ctx, filepath.Join(dir, "journal")); err != nil {
		return in, err
	}
	if in.bare, err = openBareJetStream(ctx, filepath.Join(dir, "engine")); err != nil {
		return in, err
	}
	in.file, err = os.Create(filepath.Join(dir, "file"))
	return in, err
}

func (in *ingester) close(ctx context.Context) error {
	var errs []error
	if in.journal != nil {
		errs = append(errs, in.journal.close(ctx))
	}
	if in.bare != nil {
		errs = append(errs, in.bare.close(ctx))
	}
	if in.file != nil {
		errs = append(errs, in.file.Close())
	}
	return errors.Join(errs...)
}

// turn appends so many pages in each way, one way after the other.
func (in *ingester) turn(ctx context.Context, pages int) (took ingested, err error) {
	var entries [][]byte
	for range pages {
		page := nextPage(in.journal.state, pageEvents, historyTime)
		began := time.Now()
		if err := in.journal.append(ctx, page); err != nil {
			return took, err
		}
		took.journal = append(took.journal, time.Since(began))
		entry, err := entryBytes(page)
		if err != nil {
			return took, err
		}
		entries = append(entries, entry)
	}
	for _, entry := range entries {
		d, err := writeSynced(in.file, entry)
		if err != nil {
			return took, err
		}
		took.file = append(took.file, d)
	}
	for _, entry := range entries {
		began := time.Now()
		if err := in.bare.publish(ctx, entry); err != nil {
			return took, err
		}
		took.engine = append(took.engine, time.Since(began))
	}
	return took, nil
}

// entryBytes is what the journal stores of a page, but for the feed's state.
func entryBytes(page audit.Page) ([]byte, error) {
	var entry []byte
	var raws [][]byte
	for _, record := range page.Records {
		event, err := proto.Marshal(record.Event)
		if err != nil {
			return nil, err
		}
		entry, raws = wire.AppendEvent(entry, event, nil), append(raws, record.Raw)
	}
	return wire.AppendRaws(entry, raws), nil
}

func rateOf(events int, took time.Duration) float64 { return float64(events) / took.Seconds() }
