package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"
)

// fetch fetches the pages of a world, and writes and syncs each as it is. It knows where
// the records lie, and so needs to look at none.
func fetch(ctx context.Context, o orders) (err error) {
	file, err := os.Create(filepath.Join(o.Dir, "bare"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	caller := &http.Client{Transport: &http.Transport{}}
	defer caller.CloseIdleConnections()
	for n := 0; n < o.Events; n += pageEvents {
		page, err := o.page(ctx, caller, o.First.Add(time.Duration(n)*historyStep))
		if err != nil {
			return err
		}
		if _, err := writeSynced(file, page); err != nil {
			return err
		}
	}
	return nil
}

// page is the answer that shows a full page of records from a time on.
func (o orders) page(ctx context.Context, caller *http.Client, from time.Time) (body []byte, err error) {
	const form = "2006-01-02T15:04:05.000Z"
	query := url.Values{
		"version": {"2024-10-15"}, "size": {"100"}, "sort_order": {"ASC"},
		"from": {from.Format(form)}, "to": {from.Add(pageEvents*historyStep - time.Millisecond).Format(form)},
	}
	at := o.URL + "/rest/orgs/" + organizationID + "/audit_logs/search?" + query.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, at, http.NoBody)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "token "+o.Token)
	answer, err := caller.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, answer.Body.Close()) }()
	if body, err = io.ReadAll(answer.Body); err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK || len(body) < pageEvents*recordBytes {
		return nil, fmt.Errorf("the simulated Snyk answered %s with %d bytes, too few for a page", answer.Status, len(body))
	}
	return body, nil
}
