package config

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// check tells what is wrong with addresses, and between settings that are good by
// themselves.
func check(cfg Config) []error {
	return slices.Concat(checkTLS(cfg), checkListen(cfg), checkAdminListen(cfg), checkEndpoints(cfg))
}

// wantsTLS says whether the gRPC listener was meant to be encrypted.
func wantsTLS(cfg Config) bool { return cfg.TLSCert != "" || cfg.TLSKey != "" }

func checkTLS(cfg Config) []error {
	switch {
	case !wantsTLS(cfg) && cfg.TLSClientCA != "":
		return []error{errors.New("tls-client-ca: needs tls-cert and tls-key")}
	case wantsTLS(cfg) && (cfg.TLSCert == "" || cfg.TLSKey == ""):
		return []error{errors.New("tls-cert and tls-key: give both or none")}
	}
	return nil
}

func checkListen(cfg Config) []error {
	loopback, err := checkAddress(cfg.Listen)
	switch {
	case err != nil:
		return []error{fmt.Errorf("listen: %w", err)}
	case !loopback && !wantsTLS(cfg) && !cfg.Insecure:
		return []error{fmt.Errorf("listen: %s is not a loopback address, and plaintext there is refused: give tls-cert and tls-key, or insecure", cfg.Listen)}
	}
	return nil
}

func checkAdminListen(cfg Config) []error {
	loopback, err := checkAddress(cfg.AdminListen)
	switch {
	case err != nil:
		return []error{fmt.Errorf("admin-listen: %w", err)}
	case !loopback && !cfg.Insecure:
		return []error{fmt.Errorf("admin-listen: %s is not a loopback address, and this listener is plaintext: keep it on loopback, or give insecure", cfg.AdminListen)}
	case cfg.AdminListen == cfg.Listen && !strings.HasSuffix(cfg.Listen, ":0"):
		return []error{fmt.Errorf("admin-listen: %s is the address of listen too", cfg.AdminListen)}
	}
	return nil
}

// checkEndpoints keeps Snyk's tokens from crossing a network in plaintext.
func checkEndpoints(cfg Config) []error {
	var problems []error
	for _, region := range slices.Sorted(maps.Keys(cfg.SnykEndpoints)) {
		base := cfg.SnykEndpoints[region]
		if !cfg.Insecure && sendsInClear(base) {
			problems = append(problems, fmt.Errorf("snyk-endpoint: %s would get Snyk's tokens in plaintext: use https, or give insecure", base))
		}
	}
	return problems
}

// checkAddress wants host:port with a number, and says whether only this machine
// can reach it. An empty host is every interface; a name may resolve to anything.
func checkAddress(address string) (loopback bool, err error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return false, fmt.Errorf("%q must be host:port, such as 127.0.0.1:7443", address)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return false, fmt.Errorf("%q must end in a port number up to 65535", address)
	}
	if strings.ContainsAny(host, " /") {
		return false, errors.New("the host must be a name or an address")
	}
	return isLoopback(host), nil
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// sendsInClear says whether requests to base cross a network unencrypted.
func sendsInClear(base string) bool {
	u, err := url.Parse(base)
	return err != nil || (u.Scheme != "https" && !isLoopback(u.Hostname()))
}
