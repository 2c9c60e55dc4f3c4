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
	"github.com/snykstream/snykstream/internal/stored"
)

// Ingest takes turns with the bare file, so many appends at a time.
const (
	ingestTurns = 10
	ingestPages = 50
)

// ingest appends pages of 100 events to the journal, and writes the same bytes to a
// file in the same folder and syncs it.
func ingest(ctx context.Context, b *bench) (rows []row, err error) {
	dir, err := b.folder("ingest")
	if err != nil {
		return nil, err
	}
	s, err := openStore(ctx, filepath.Join(dir, "data"))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.close(ctx)) }()
	file, err := os.Create(filepath.Join(dir, "bare"))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()

	var ours, bare []time.Duration
	var figures, limits []float64
	for turn := range max(int(ingestTurns*b.scale), 1) + 1 {
		appended, written, err := ingestTurn(ctx, s, file)
		if err != nil {
			return nil, err
		}
		if turn == 0 {
			continue // warming up
		}
		ours, bare = append(ours, appended...), append(bare, written...)
		figures = append(figures, rateOf(len(appended)*pageEvents, sum(appended)))
		limits = append(limits, rateOf(len(written)*pageEvents, sum(written)))
	}
	const limitIs = "write+fsync"
	result := []row{medians("ingest, pages of 100", perSecond, figures, limits, limitIs, target{AtLeast: 0.6})}
	for _, q := range []float64{0.5, 0.99} {
		name := fmt.Sprintf("ingest, an append p%.0f", q*100)
		result = append(result, compare(name, millis, quantile(inMillis(ours), q), quantile(inMillis(bare), q), limitIs, target{}))
	}
	return result, nil
}

// ingestTurn is how long each page took to append, and the same bytes to write and
// sync.
func ingestTurn(ctx context.Context, s *store, file *os.File) (ours, bare []time.Duration, err error) {
	var entries [][]byte
	for range ingestPages {
		page := nextPage(s.state, pageEvents, historyTime)
		began := time.Now()
		if err := s.append(ctx, page); err != nil {
			return nil, nil, err
		}
		ours = append(ours, time.Since(began))
		entry, err := entryBytes(page)
		if err != nil {
			return nil, nil, err
		}
		entries = append(entries, entry)
	}
	for _, entry := range entries {
		took, err := writeSynced(file, entry)
		if err != nil {
			return nil, nil, err
		}
		bare = append(bare, took)
	}
	return ours, bare, nil
}

// entryBytes is what the journal stores of a page, but for the feed's state.
func entryBytes(page audit.Page) ([]byte, error) {
	entry := &stored.Entry{}
	for _, record := range page.Records {
		entry.Events, entry.Raw = append(entry.Events, record.Event), append(entry.Raw, record.Raw)
	}
	return proto.Marshal(entry)
}

func rateOf(events int, took time.Duration) float64 { return float64(events) / took.Seconds() }
