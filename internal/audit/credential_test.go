package audit

import (
	"testing"
	"unicode/utf8"

	snykstreamv1 "github.com/snykstream/snykstream/gen/snykstream/v1"
)

func TestCredentialKind(t *testing.T) {
	const id = "0b1e6f1e-6d7f-4a53-9d1a-2f7f0c9a2c22"
	tests := map[string]struct {
		cred Credential
		want snykstreamv1.CredentialKind
	}{
		"nothing":              {Credential{}, snykstreamv1.CredentialKind_CREDENTIAL_KIND_UNSPECIFIED},
		"API token":            {Credential{Token: NewSecret(id)}, snykstreamv1.CredentialKind_CREDENTIAL_KIND_API_TOKEN},
		"UUID in braces":       {Credential{Token: NewSecret("{" + id + "}")}, snykstreamv1.CredentialKind_CREDENTIAL_KIND_UNSPECIFIED},
		"UUID as a URN":        {Credential{Token: NewSecret("urn:uuid:" + id)}, snykstreamv1.CredentialKind_CREDENTIAL_KIND_UNSPECIFIED},
		"UUID without hyphens": {Credential{Token: NewSecret("0b1e6f1e6d7f4a539d1a2f7f0c9a2c22")}, snykstreamv1.CredentialKind_CREDENTIAL_KIND_UNSPECIFIED},
		"36 other characters":  {Credential{Token: NewSecret("zb1e6f1e-6d7f-4a53-9d1a-2f7f0c9a2c22")}, snykstreamv1.CredentialKind_CREDENTIAL_KIND_UNSPECIFIED},
		"personal":             {Credential{Token: NewSecret("snyk_uat.12345678.e30.c2ln")}, snykstreamv1.CredentialKind_CREDENTIAL_KIND_PERSONAL_ACCESS_TOKEN},
		"service account":      {Credential{Token: NewSecret("snyk_sat.12345678.e30.c2ln")}, snykstreamv1.CredentialKind_CREDENTIAL_KIND_SERVICE_ACCOUNT_TOKEN},
		"OAuth client":         {Credential{ClientID: "id", ClientSecret: NewSecret(hunter)}, snykstreamv1.CredentialKind_CREDENTIAL_KIND_OAUTH_CLIENT},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := test.cred.Kind(); got != test.want {
				t.Errorf("got %v", got)
			}
			if test.cred.Empty() != (name == "nothing") {
				t.Errorf("empty: %v", test.cred.Empty())
			}
		})
	}
}

func TestCredentialInfo(t *testing.T) {
	tests := map[string]struct {
		cred Credential
		want string
	}{
		"token":             {Credential{Token: NewSecret("0b1e6f1e-6d7f-4a53-9d1a-2f7f0c9a2c22")}, "2c22"},
		"short token":       {Credential{Token: NewSecret("123456789012345")}, ""},
		"OAuth client's id": {Credential{ClientID: "client-0123456789ab", ClientSecret: NewSecret(hunter)}, "89ab"},
		"other letters":     {Credential{Token: NewSecret("日本語日本語日本語日本語日本語日本語")}, "語日本語"},
		"nothing":           {Credential{}, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			info := test.cred.Info()
			if info.GetLastFour() != test.want || !utf8.ValidString(info.GetLastFour()) {
				t.Errorf("got %q, want %q", info.GetLastFour(), test.want)
			}
			if info.GetKind() != test.cred.Kind() {
				t.Errorf("kind %v", info.GetKind())
			}
		})
	}
}

// Clients share what belongs to a credential by its fingerprint.
func TestCredentialFingerprint(t *testing.T) {
	different := []Credential{
		{},
		{Token: NewSecret("a")},
		{Token: NewSecret("b")},
		{ClientID: "a"},
		{ClientSecret: NewSecret("a")},
		{ClientID: "a", ClientSecret: NewSecret("b")},
		{ClientID: "b", ClientSecret: NewSecret("a")},
		{Token: NewSecret("a\x00b")},
		{Token: NewSecret("a\x00"), ClientID: "b"},
		{Token: NewSecret("a"), ClientID: "b"},
		{Token: NewSecret("a"), ClientID: "b\x00"},
		{Token: NewSecret(`a" "b`)},
	}
	seen := map[string]int{}
	for i, cred := range different {
		if other, taken := seen[cred.Fingerprint()]; taken {
			t.Errorf("%d and %d are not told apart", other, i)
		}
		seen[cred.Fingerprint()] = i
	}
	if (Credential{Token: NewSecret("a")}).Fingerprint() != different[1].Fingerprint() {
		t.Error("the same credential has two fingerprints")
	}
}
