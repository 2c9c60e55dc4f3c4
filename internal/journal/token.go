package journal

import (
	"encoding/base64"
	"errors"
	"math"
	"strings"

	"google.golang.org/protobuf/proto"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
	"github.com/snykstream/snykstream/internal/audit"
	"github.com/snykstream/snykstream/internal/stored"
)

const (
	tokenVersion = 1
	// maxToken is longer than any token of ours.
	maxToken = 1024
	// tokenPurpose binds the seal to what it is for.
	tokenPurpose = "snykstream resume token" //nolint:gosec // a label, no secret
)

// tokenEncoding accepts each token in one spelling only.
var tokenEncoding = base64.RawURLEncoding.Strict()

// Token seals a position into a text that callers may keep. Two tokens of one
// position differ.
func (j *Journal) Token(position audit.Position) string {
	plain, err := proto.Marshal(&stored.Token{
		Version: tokenVersion,
		Journal: j.id,
		Partitions: []*stored.Position{{
			Sequence:       position.Sequence,
			Events:         uint32(min(position.Events, math.MaxUint32)), //nolint:gosec // an entry has far fewer
			Whole:          position.Whole,
			AnchorSequence: position.AnchorSequence,
			Anchor:         position.Anchor,
		}},
	})
	if err != nil {
		// Only a text that is no UTF-8 could be the cause, and the id is ours.
		j.cfg.Log.Error("resume token cannot be encoded", "error", err)
		return ""
	}
	return tokenEncoding.EncodeToString(j.sealer.Seal(nil, nil, plain, []byte(tokenPurpose))) //nolint:gosec // the AEAD makes its own nonce
}

// ParseToken opens a token. It looks at the token alone: Verify tells whether the
// journal still has the position.
//
// Errors: KindInvalid with TOKEN_INVALID for a text that is no token of this
// journal, or one of a later version.
func (j *Journal) ParseToken(token string) (audit.Position, error) {
	position, err := j.openToken(token)
	if err != nil {
		return audit.Position{}, &audit.Error{
			Kind: audit.KindInvalid, Reason: snykstreamv1.ErrorReason_ERROR_REASON_TOKEN_INVALID,
			Message: "the resume token is not one of this installation's, or was changed",
			Fields: []audit.FieldProblem{{
				Field: "resume_token", Description: "must be a token that this installation sent, unchanged",
			}},
			Cause: err,
		}
	}
	return position, nil
}

func (j *Journal) openToken(token string) (audit.Position, error) {
	// The decoder passes over line ends, which no token has.
	if len(token) > maxToken || strings.ContainsAny(token, "\r\n") {
		return audit.Position{}, errors.New("the token is too long or broken over lines")
	}
	sealed, err := tokenEncoding.DecodeString(token)
	if err != nil {
		return audit.Position{}, err
	}
	plain, err := j.sealer.Open(nil, nil, sealed, []byte(tokenPurpose))
	if err != nil {
		return audit.Position{}, err
	}
	var t stored.Token
	if err := proto.Unmarshal(plain, &t); err != nil {
		return audit.Position{}, err
	}
	if t.GetVersion() != tokenVersion || t.GetJournal() != j.id || len(t.GetPartitions()) != 1 {
		return audit.Position{}, errors.New("the token is of another version or journal")
	}
	p := t.GetPartitions()[0]
	return audit.Position{
		Sequence:       p.GetSequence(),
		Events:         int(p.GetEvents()),
		Whole:          p.GetWhole(),
		AnchorSequence: p.GetAnchorSequence(),
		Anchor:         p.GetAnchor(),
	}, nil
}
