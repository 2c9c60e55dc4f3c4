package registry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/snykstream/snykstream/internal/audit"
)

// sweepNowAndThen clears up until ctx ends.
func (r *Registry) sweepNowAndThen(ctx context.Context) error {
	ticker := time.NewTicker(r.sweepEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			if err := r.sweep(ctx, orphanGrace); err != nil && ctx.Err() == nil {
				r.log.ErrorContext(ctx, "clearing up the registry failed; it is tried again", slog.Any("error", err))
			}
		}
	}
}

// sweep erases credentials that no record names and that are older than grace,
// removes the records of deleted sources whose ids are free again, and brings the
// cache up to date.
func (r *Registry) sweep(ctx context.Context, grace time.Duration) error {
	// The credentials first: one that a record takes into use meanwhile is then
	// either not in this list, or named in the other.
	credentials, err := r.credentials.list(ctx)
	if err != nil {
		return fmt.Errorf("list the credentials: %w", err)
	}
	items, err := r.sources.list(ctx)
	if err != nil {
		return fmt.Errorf("list the sources: %w", err)
	}
	used := make(map[string]bool, len(items))
	var problems []error
	for _, it := range items {
		rec, err := decodeRecord(it)
		if err != nil {
			// What it names is not known, so nothing of its source is an orphan.
			problems = append(problems, err)
			used[it.key] = true
			continue
		}
		used[credentialKey(rec.ID(), rec.CredentialRef)] = true
		problems = append(problems, r.keep(ctx, rec))
	}
	for _, it := range credentials {
		sourceID, _, _ := strings.Cut(it.key, "/")
		// Without grace the clock, which may have been set back, has no say.
		young := grace > 0 && r.now().Sub(it.created) < grace
		if used[it.key] || used[sourceID] || young {
			continue
		}
		if err := r.credentials.erase(ctx, it.key, it.revision); err != nil {
			problems = append(problems, fmt.Errorf("erase an orphaned credential of source %q: %w", sourceID, err))
			continue
		}
		r.log.InfoContext(ctx, "erased a credential that was left over", slog.String("source", sourceID))
	}
	return errors.Join(problems...)
}

// keep puts a record into the cache, or removes it where its id is free again.
func (r *Registry) keep(ctx context.Context, rec audit.SourceRecord) error {
	if !r.expired(rec) {
		r.cache.put(rec)
		return nil
	}
	if err := r.sources.erase(ctx, rec.ID(), rec.Revision); err != nil {
		return fmt.Errorf("remove the record of deleted source %q: %w", rec.ID(), err)
	}
	r.cache.drop(rec)
	r.log.InfoContext(ctx, "the id of a deleted source is free again", slog.String("source", rec.ID()))
	return nil
}
