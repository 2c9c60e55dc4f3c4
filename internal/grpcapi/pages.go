package grpcapi

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
)

const (
	defaultPageSize = 100
	// filterSum is how many bytes of a token bind it to its filters.
	filterSum = 8
)

var (
	errPageToken      = errors.New("must be empty or a next_page_token as it came")
	errPageTokenOther = errors.New("must come with the labels and states of the page before")
)

// pageToken leads to the sources after an id. It is bound to the request's
// filters: going on with others would skip sources without a word.
func pageToken(r *snykstreamv1.ListSourcesRequest, after string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(filtersOf(r) + after))
}

// readPageToken returns the id that a page starts after: empty for the first.
func readPageToken(r *snykstreamv1.ListSourcesRequest) (string, error) {
	if r.GetPageToken() == "" {
		return "", nil
	}
	token, err := base64.RawURLEncoding.DecodeString(r.GetPageToken())
	if err != nil || len(token) <= filterSum || !sourceID.Match(token[filterSum:]) {
		return "", errPageToken
	}
	after, same := strings.CutPrefix(string(token), filtersOf(r))
	if !same {
		return "", errPageTokenOther
	}
	return after, nil
}

// filtersOf tells the request's filters from others.
func filtersOf(r *snykstreamv1.ListSourcesRequest) string {
	states := slices.Compact(slices.Sorted(slices.Values(r.GetStates())))
	filters := &snykstreamv1.ListSourcesRequest{Labels: r.GetLabels(), States: states}
	encoded, err := proto.MarshalOptions{Deterministic: true}.Marshal(filters)
	if err != nil { // not for a message that came over the wire
		encoded = []byte(err.Error())
	}
	sum := sha256.Sum256(encoded)
	return string(sum[:filterSum])
}
