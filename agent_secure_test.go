//go:build linux

package trainwatch_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"
)

// secureName is the recipient's name where it is not localhost.
const secureName = "posthog.test"

// authority signs certificates; those who trust its file trust them.
type authority struct {
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
	pem  []byte
}

func newAuthority() (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "a test's authority"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().AddDate(-3, 0, 0), NotAfter: time.Now().AddDate(3, 0, 0), KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return &authority{key, cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})}, nil
}

// badCertificate says what is wrong with one; the zero value is a good one.
type badCertificate struct {
	unknown bool   // signed by nobody whom anybody knows
	name    string // another name
	expired bool
}

func (a *authority) certify(bad badCertificate) (*tls.Certificate, error) {
	if bad.unknown {
		other, err := newAuthority()
		if err != nil {
			return nil, err
		}
		a = other
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), NotBefore: time.Now().AddDate(-2, 0, 0), NotAfter: time.Now().AddDate(2, 0, 0),
		DNSNames: []string{"localhost", secureName, hangingName, missingName, failingName, halfName}, IPAddresses: []net.IP{farAddress()},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if bad.name != "" {
		template.DNSNames, template.IPAddresses = []string{bad.name}, nil
	}
	if bad.expired {
		template.NotAfter = time.Now().AddDate(0, 0, -1)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	if err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}

// secureRoad is a road to the server behind TLS, by the name of localhost, with
// a certificate that everybody in this world trusts.
func (r *row) secureRoad() *road { return r.secureRoadOn("127.0.0.1:0") }

func (r *row) secureRoadOn(address string) *road {
	r.t.Helper()
	road, _ := r.changingRoad(address, badCertificate{})
	return road
}

// changingRoad is one whose certificate can be made good.
func (r *row) changingRoad(address string, bad badCertificate) (found *road, mend func()) {
	r.t.Helper()
	a, err := newAuthority()
	r.must(err)
	shown, err := a.certify(bad)
	r.must(err)
	good, err := a.certify(badCertificate{})
	r.must(err)
	file := filepath.Join(r.t.TempDir(), "ca.pem")
	r.must(os.WriteFile(file, a.pem, 0o600))
	var current atomic.Pointer[tls.Certificate]
	current.Store(shown)
	found = prepareRoad(r.t, r.server, address)
	found.tls = &tls.Config{
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return current.Load(), nil },
	}
	go found.serve()
	r.w.set("SSL_CERT_FILE", file, "SSL_CERT_DIR", filepath.Dir(file), "TRAINWATCH_POSTHOG_HOST", fmt.Sprintf("https://localhost:%d", found.port()))
	return found, func() { current.Store(good) }
}

// byTLS is a row whose recipient shows a bad certificate until the fault ends.
func byTLS(bad badCertificate) func(*row) {
	return func(r *row) {
		_, mend := r.changingRoad("127.0.0.1:0", bad)
		r.watch()
		r.ends(mend)
		r.collect()
	}
}
