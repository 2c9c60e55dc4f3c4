package journal

import (
	"fmt"
	"strings"

	"github.com/snykstream/snykstream/internal/audit"
)

// Names in the store. They are on disk: changing one loses what is there.
const (
	streamName        = "SNYKSTREAM_JOURNAL"
	checkpointsBucket = "SNYKSTREAM_CHECKPOINTS"
	metaBucket        = "SNYKSTREAM_META"

	subjectPrefix = "snykstream.journal."
	// hintSubject is where processes announce what they have stored, by its sequence.
	hintSubject = "snykstream.stored"
	// checkpointPrefix is how the store spells a checkpoint's key as a subject.
	checkpointPrefix = "$KV." + checkpointsBucket + "."

	controlToken = "control"
	chunkToken   = "chunk"
)

// sourceFilter covers all entries of a source. The fence is measured on it: the
// store compares two spellings of one set of subjects as different sets, so this
// is the only one.
func sourceFilter(sourceID string) string { return subjectPrefix + sourceID + ".>" }

func feedSubject(sourceID string, feed audit.Feed) string {
	return subjectPrefix + sourceID + "." + feed.String()
}

func controlSubject(sourceID string) string { return subjectPrefix + sourceID + "." + controlToken }

func chunkSubject(sourceID string) string { return subjectPrefix + sourceID + "." + chunkToken }

// checkpointKey is the key of a feed's checkpoint. The dot, which no source id
// and no feed has, makes a source's checkpoints a set of subjects.
func checkpointKey(sourceID string, feed audit.Feed) string { return sourceID + "." + feed.String() }

// splitSubject returns the source and the last token of an entry's subject.
func splitSubject(subject string) (sourceID, token string, err error) {
	rest, ok := strings.CutPrefix(subject, subjectPrefix)
	if ok {
		sourceID, token, ok = strings.Cut(rest, ".")
	}
	if !ok || sourceID == "" || token == "" || strings.Contains(token, ".") {
		return "", "", fmt.Errorf("subject %q is none of the journal's", subject)
	}
	return sourceID, token, nil
}

// checkSource refuses a source id that would not be one token of a subject.
func checkSource(sourceID string) error {
	if !isToken(sourceID) || strings.Contains(sourceID, "/") {
		return fmt.Errorf("source id %q cannot name a subject", sourceID)
	}
	return nil
}

// checkFeed refuses a source id or feed that would not be tokens of a subject.
func checkFeed(sourceID string, feed audit.Feed) error {
	if err := checkSource(sourceID); err != nil {
		return err
	}
	if parsed, err := audit.ParseFeed(feed.String()); err != nil || parsed != feed || !isToken(feed.ID) {
		return fmt.Errorf("feed %q cannot name a subject", feed)
	}
	return nil
}

// isToken says whether the text is made of what subjects and keys both allow.
func isToken(text string) bool {
	return text != "" && strings.Trim(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=") == ""
}
