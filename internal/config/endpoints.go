package config

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
)

// readEndpoints reads REGION=URL texts, or what YAML makes of a list of them or
// of a map from region to URL.
func readEndpoints(cfg *Config, value any) error {
	pairs, err := endpointPairs(value)
	if err != nil {
		return err
	}
	cfg.SnykEndpoints = make(map[snykstreamv1.Region]string, len(pairs))
	var problems []error
	for _, pair := range pairs {
		if err := addEndpoint(cfg.SnykEndpoints, pair); err != nil {
			problems = append(problems, err)
		}
	}
	return errors.Join(problems...)
}

func endpointPairs(value any) ([]string, error) {
	switch v := value.(type) {
	case []string:
		return v, nil
	case []any:
		pairs := make([]string, 0, len(v))
		for _, item := range v {
			pairs = append(pairs, fmt.Sprint(item))
		}
		return pairs, nil
	case map[string]any:
		pairs := make([]string, 0, len(v))
		for _, region := range slices.Sorted(maps.Keys(v)) {
			pairs = append(pairs, fmt.Sprintf("%s=%v", region, v[region]))
		}
		return pairs, nil
	}
	return nil, fmt.Errorf("%v must be a list of REGION=URL, or a map from region to URL", value)
}

func addEndpoint(endpoints map[snykstreamv1.Region]string, pair string) error {
	name, base, ok := strings.Cut(strings.TrimSpace(pair), "=")
	if !ok {
		return fmt.Errorf("%q must be REGION=URL", pair)
	}
	region, err := parseRegion(name)
	if err != nil {
		return err
	}
	if _, twice := endpoints[region]; twice {
		return fmt.Errorf("region %s is given twice", RegionName(region))
	}
	if err := checkBase(base); err != nil {
		return fmt.Errorf("region %s: %w", RegionName(region), err)
	}
	endpoints[region] = strings.TrimSuffix(base, "/")
	return nil
}

// checkBase wants the bare origin: Snyk's paths are put behind it, and its links
// are followed on it.
func checkBase(base string) error {
	u, err := url.Parse(base)
	switch {
	case err != nil:
		return fmt.Errorf("%q is no URL", base)
	case u.User != nil:
		return errors.New("the URL must not hold a user or password")
	case (u.Scheme != "https" && u.Scheme != "http") || u.Hostname() == "":
		return fmt.Errorf("%q must start with https:// (or http://) and a host", base)
	case strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "":
		return fmt.Errorf("%q must end after the host: the API's paths follow", base)
	}
	return nil
}

// RegionName is a region as operators write it: snyk-us-01.
func RegionName(region snykstreamv1.Region) string {
	return strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(region.String(), "REGION_")), "_", "-")
}

func parseRegion(name string) (snykstreamv1.Region, error) {
	var names []string
	for _, number := range slices.Sorted(maps.Keys(snykstreamv1.Region_name)) {
		region := snykstreamv1.Region(number)
		if region == snykstreamv1.Region_REGION_UNSPECIFIED {
			continue
		}
		if strings.EqualFold(name, RegionName(region)) {
			return region, nil
		}
		names = append(names, RegionName(region))
	}
	return 0, fmt.Errorf("unknown region %q: must be one of %s", name, strings.Join(names, ", "))
}
