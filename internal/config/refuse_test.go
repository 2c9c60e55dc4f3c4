package config

import (
	"strings"
	"testing"
)

func TestRefused(t *testing.T) {
	tests := map[string]struct {
		yaml    string
		environ []string
		args    []string
		// want are texts that the error must have.
		want []string
	}{
		"unknown key in the file":     {yaml: "listn: x", want: []string{"snykstream.yaml: listn", "unknown key"}},
		"nested key in the file":      {yaml: "tls: {cert: /c}", want: []string{"snykstream.yaml: tls: unknown key"}},
		"config in the file":          {yaml: "config: other.yaml", want: []string{"config: unknown key"}},
		"key twice in the file":       {yaml: "listen: '127.0.0.1:1'\nlisten: '127.0.0.1:2'", want: []string{"listen", "already defined"}},
		"file is no map":              {yaml: "- a\n- b", want: []string{"snykstream.yaml"}},
		"file is not there":           {args: []string{"--config", "/nowhere/s.yaml"}, want: []string{"--config /nowhere/s.yaml", "no such file"}},
		"file by an empty flag":       {args: []string{"--config="}, want: []string{"--config", "empty"}},
		"file by an empty variable":   {environ: []string{"SNYKSTREAM_CONFIG="}, want: []string{"SNYKSTREAM_CONFIG", "empty"}},
		"unknown variable":            {environ: []string{"SNYKSTREAM_LISTN=x"}, want: []string{"SNYKSTREAM_LISTN", "unknown variable"}},
		"variable in small letters":   {environ: []string{"SNYKSTREAM_listen=x"}, want: []string{"SNYKSTREAM_listen", "unknown variable"}},
		"a Service's variable":        {environ: []string{"SNYKSTREAM_SERVICE_HOST=10.0.0.1"}, want: []string{"SNYKSTREAM_SERVICE_HOST", "enableServiceLinks"}},
		"a Service's port":            {environ: []string{"SNYKSTREAM_PORT_7443_TCP=tcp://10.0.0.1:7443"}, want: []string{"enableServiceLinks"}},
		"empty variable":              {environ: []string{"SNYKSTREAM_TLS_CLIENT_CA="}, want: []string{"SNYKSTREAM_TLS_CLIENT_CA", "is empty"}},
		"empty flag":                  {args: []string{"--tls-client-ca="}, want: []string{"--tls-client-ca", "is empty"}},
		"empty key":                   {yaml: "tls-client-ca:", want: []string{"snykstream.yaml: tls-client-ca", "is empty"}},
		"empty endpoint":              {environ: []string{"SNYKSTREAM_SNYK_ENDPOINT="}, want: []string{"SNYKSTREAM_SNYK_ENDPOINT", "is empty"}},
		"number for text":             {yaml: "data-dir: 2024", want: []string{"data-dir", "quotes"}},
		"list for text":               {yaml: "listen: ['127.0.0.1:1']", want: []string{"listen", "not text"}},
		"nats-url":                    {args: []string{"--nats-url", "nats://127.0.0.1"}, want: []string{"--nats-url", "not yet supported in this release"}},
		"nats-url by variable":        {environ: []string{"SNYKSTREAM_NATS_URL=x"}, want: []string{"SNYKSTREAM_NATS_URL", "not yet supported"}},
		"nats-url by file":            {yaml: "nats-url: x", want: []string{"nats-url", "not yet supported"}},
		"listen without a port":       {args: []string{"--listen", "127.0.0.1"}, want: []string{"listen", "host:port"}},
		"listen on a named port":      {args: []string{"--listen", "127.0.0.1:https"}, want: []string{"listen", "port number"}},
		"listen on a large port":      {args: []string{"--listen", "127.0.0.1:65536"}, want: []string{"listen", "65535"}},
		"admin without a port":        {args: []string{"--admin-listen", "x"}, want: []string{"admin-listen", "host:port"}},
		"one address for both":        {args: []string{"--listen", "127.0.0.1:7480"}, want: []string{"admin-listen", "address of listen too"}},
		"plaintext on all":            {args: []string{"--listen", "0.0.0.0:7443"}, want: []string{"listen", "plaintext", "insecure"}},
		"plaintext on all, short":     {args: []string{"--listen", ":7443"}, want: []string{"listen", "plaintext"}},
		"plaintext on a name":         {args: []string{"--listen", "localhost.example:7443"}, want: []string{"listen", "plaintext"}},
		"plaintext on IPv6":           {args: []string{"--listen", "[::]:7443"}, want: []string{"listen", "plaintext"}},
		"plaintext admin":             {args: []string{"--admin-listen", ":7480"}, want: []string{"admin-listen", "plaintext", "insecure"}},
		"TLS does not cover admin":    {args: []string{"--admin-listen", ":7480", "--tls-cert=c", "--tls-key=k"}, want: []string{"admin-listen"}},
		"cert without key":            {args: []string{"--tls-cert", "c"}, want: []string{"tls-cert and tls-key"}},
		"key without cert":            {args: []string{"--tls-key", "k"}, want: []string{"tls-cert and tls-key"}},
		"client CA without cert":      {args: []string{"--tls-client-ca", "ca"}, want: []string{"tls-client-ca", "needs"}},
		"insecure is no bool":         {environ: []string{"SNYKSTREAM_INSECURE=maybe"}, want: []string{"SNYKSTREAM_INSECURE", "true or false"}},
		"insecure is a number":        {yaml: "insecure: 3", want: []string{"insecure", "true or false"}},
		"retention too short":         {args: []string{"--retention", "47h59m"}, want: []string{"--retention", "at least 2d"}},
		"retention in days, short":    {args: []string{"--retention", "1d"}, want: []string{"--retention", "at least 2d"}},
		"retention below zero":        {args: []string{"--retention", "-90d"}, want: []string{"--retention"}},
		"retention back again":        {args: []string{"--retention", "90d-1h"}, want: []string{"--retention", "no duration"}},
		"retention without a unit":    {args: []string{"--retention", "90"}, want: []string{"--retention", "no duration"}},
		"retention as a number":       {yaml: "retention: 90", want: []string{"retention", "needs a unit"}},
		"retention without end":       {args: []string{"--retention", "9999999d"}, want: []string{"--retention", "too long"}},
		"retention over all bounds":   {args: []string{"--retention", "99999999999999999999d"}, want: []string{"--retention", "too long"}},
		"retention in hours":          {args: []string{"--retention", "36500d2400000h"}, want: []string{"--retention", "too long"}},
		"retention an hour too long":  {args: []string{"--retention", "36500d1h"}, want: []string{"--retention", "too long"}},
		"retention that wraps":        {args: []string{"--retention", "213594d"}, want: []string{"--retention", "too long"}},
		"no streams":                  {args: []string{"--max-streams-per-caller", "0"}, want: []string{"--max-streams-per-caller", "from 1 to 1000000", "as good as no limit"}},
		"streams below zero":          {args: []string{"--max-streams-per-caller=-1"}, want: []string{"--max-streams-per-caller", "from 1 to"}},
		"streams over all bounds":     {yaml: "max-streams-per-caller: 99999999999999999999", want: []string{"max-streams-per-caller", "from 1 to"}},
		"streams as text":             {environ: []string{"SNYKSTREAM_MAX_STREAMS_PER_CALLER=many"}, want: []string{"SNYKSTREAM_MAX_STREAMS_PER_CALLER", "from 1 to"}},
		"connections too young":       {args: []string{"--max-connection-age", "59s"}, want: []string{"--max-connection-age", "at least 1m", "0 for no end"}},
		"connection age below zero":   {args: []string{"--max-connection-age=-1h"}, want: []string{"--max-connection-age"}},
		"connection age, no unit":     {yaml: "max-connection-age: 60", want: []string{"max-connection-age", "needs a unit"}},
		"log format":                  {args: []string{"--log-format", "xml"}, want: []string{"--log-format", "text or json"}},
		"log level":                   {args: []string{"--log-level", "loud"}, want: []string{"--log-level", "debug, info, warn or error"}},
		"endpoint without region":     {args: []string{"--snyk-endpoint", "https://api.example"}, want: []string{"--snyk-endpoint", "REGION=URL"}},
		"endpoint of no region":       {args: []string{"--snyk-endpoint", "us=https://api.example"}, want: []string{"unknown region", "snyk-us-01, snyk-us-02, snyk-eu-01, snyk-au-01, snyk-gov-01"}},
		"unspecified region":          {args: []string{"--snyk-endpoint", "unspecified=https://api.example"}, want: []string{"unknown region"}},
		"endpoint twice":              {args: []string{"--snyk-endpoint", "snyk-us-01=https://a.example", "--snyk-endpoint", "SNYK-US-01=https://b.example"}, want: []string{"given twice"}},
		"endpoint without scheme":     {args: []string{"--snyk-endpoint", "snyk-us-01=api.example"}, want: []string{"https://"}},
		"endpoint of another scheme":  {args: []string{"--snyk-endpoint", "snyk-us-01=ftp://api.example"}, want: []string{"https://"}},
		"endpoint with a path":        {args: []string{"--snyk-endpoint", "snyk-us-01=https://api.example/rest"}, want: []string{"end after the host"}},
		"endpoint with a query":       {args: []string{"--snyk-endpoint", "snyk-us-01=https://api.example?x=1"}, want: []string{"end after the host"}},
		"endpoint with a password":    {args: []string{"--snyk-endpoint", "snyk-us-01=https://u:hunter2@api.example"}, want: []string{"user or password"}},
		"endpoint of no value":        {yaml: "snyk-endpoint: {snyk-us-01: }", want: []string{"snyk-endpoint", "https://"}},
		"endpoint as text":            {yaml: "snyk-endpoint: 7", want: []string{"snyk-endpoint", "list"}},
		"budget share of none":        {args: []string{"--snyk-budget=0"}, want: []string{"--snyk-budget", "no share", "50%"}},
		"budget percentage of none":   {args: []string{"--snyk-budget=0%"}, want: []string{"--snyk-budget", "no share", "50%"}},
		"budget above all":            {args: []string{"--snyk-budget=101"}, want: []string{"--snyk-budget", "no share", "50%"}},
		"budget percentage above all": {args: []string{"--snyk-budget=100.5%"}, want: []string{"--snyk-budget", "no share", "50%"}},
		"budget negative":             {args: []string{"--snyk-budget=-5"}, want: []string{"--snyk-budget", "no share", "50%"}},
		"budget in words":             {args: []string{"--snyk-budget=half"}, want: []string{"--snyk-budget", "no share", "50%"}},
		"budget no number":            {args: []string{"--snyk-budget=NaN"}, want: []string{"--snyk-budget", "no share", "50%"}},
		"budget endless":              {args: []string{"--snyk-budget=Inf"}, want: []string{"--snyk-budget", "no share", "50%"}},
		"budget with an exponent":     {args: []string{"--snyk-budget=1e1"}, want: []string{"--snyk-budget", "no share", "50%"}},
		"budget in hexadecimal":       {args: []string{"--snyk-budget=0x10"}, want: []string{"--snyk-budget", "no share", "50%"}},
		"budget with a space":         {args: []string{"--snyk-budget=50 %"}, want: []string{"--snyk-budget", "no share", "50%"}},
		"budget only a sign":          {args: []string{"--snyk-budget=%"}, want: []string{"--snyk-budget", "no share", "50%"}},
		"budget as a list":            {yaml: "snyk-budget: [50]", want: []string{"snyk-budget", "no share"}},
		"budget as a bool":            {yaml: "snyk-budget: true", want: []string{"snyk-budget", "no share"}},
		"empty budget":                {environ: []string{"SNYKSTREAM_SNYK_BUDGET="}, want: []string{"SNYKSTREAM_SNYK_BUDGET", "is empty"}},
		"tokens in plaintext":         {args: []string{"--snyk-endpoint", "snyk-us-01=http://api.example"}, want: []string{"snyk-endpoint", "plaintext", "https"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			cfg, err := load(t, test.yaml, test.environ, test.args...)
			if err == nil {
				t.Fatalf("accepted: %+v", cfg)
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error does not say %q:\n%v", want, err)
				}
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("error shows a password:\n%v", err)
			}
		})
	}
}

func TestAllProblemsAtOnce(t *testing.T) {
	_, err := load(t, "listn: x\nretention: 1h\ntls-cert: ''\n",
		[]string{"SNYKSTREAM_LOG_LEVEL=loud", "SNYKSTREAM_NOPE=1"},
		"--log-format=xml", "--snyk-endpoint=us=x", "--snyk-endpoint=snyk-us-01=ftp://x")
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{
		"listn", "retention", "tls-cert", "SNYKSTREAM_LOG_LEVEL", "SNYKSTREAM_NOPE", "--log-format", `unknown region "us"`, "ftp://x",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error does not tell of %s:\n%v", want, err)
		}
	}

	_, err = load(t, "", nil, "--listen=:1", "--admin-listen=:2", "--tls-client-ca=ca", "--snyk-endpoint=snyk-us-01=http://x.example")
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{"listen: :1", "admin-listen: :2", "tls-client-ca", "http://x.example"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error does not tell of %s:\n%v", want, err)
		}
	}
}

func TestAllowed(t *testing.T) {
	tests := map[string][]string{
		"TLS on all":                  {"--listen=0.0.0.0:7443", "--tls-cert=c", "--tls-key=k"},
		"mutual TLS":                  {"--listen=:7443", "--tls-cert=c", "--tls-key=k", "--tls-client-ca=ca"},
		"insecure on all":             {"--listen=:7443", "--admin-listen=:7480", "--insecure"},
		"insecure to a stand-in":      {"--snyk-endpoint=snyk-us-01=http://snyksim:9000", "--insecure"},
		"loopback, IPv6":              {"--listen=[::1]:7443", "--admin-listen=[::1]:7480"},
		"loopback, IPv4 in IPv6":      {"--listen=[::ffff:127.0.0.1]:7443"},
		"loopback, another":           {"--listen=127.8.8.8:7443"},
		"plaintext to this machine":   {"--snyk-endpoint=snyk-gov-01=http://[::1]:9000"},
		"any free port, twice":        {"--listen=127.0.0.1:0", "--admin-listen=127.0.0.1:0"},
		"the shortest retention":      {"--retention=2d"},
		"the shortest, in hours":      {"--retention=48h"},
		"the longest retention":       {"--retention=36500d"},
		"every region":                {"--snyk-endpoint=snyk-us-01=https://a.example", "--snyk-endpoint=snyk-us-02=https://b.example", "--snyk-endpoint=snyk-eu-01=https://c.example", "--snyk-endpoint=snyk-au-01=https://d.example", "--snyk-endpoint=snyk-gov-01=https://e.example"},
		"connections without end":     {"--max-connection-age=0"},
		"connections of a minute":     {"--max-connection-age=1m"},
		"a stream for each caller":    {"--max-streams-per-caller=1"},
		"a flag that is no setting":   {"--help"},
		"insecure given as a setting": {"--insecure=false"},
	}
	for name, args := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := load(t, "", nil, args...); err != nil {
				t.Errorf("Load: %v", err)
			}
		})
	}
}
