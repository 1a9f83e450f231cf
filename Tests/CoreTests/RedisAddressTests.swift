import Core
import Testing

struct RedisAddressTests {
    @Test(arguments: [
        ("redis://127.0.0.1", try! RedisAddress(host: "127.0.0.1")),
        ("redis://cache.example:6380/", try! RedisAddress(host: "cache.example", port: 6380)),
        ("REDIS://h/15", try! RedisAddress(host: "h", database: 15)),
        ("redis://:s%40%3A%2F%25@h:1/2", try! RedisAddress(host: "h", port: 1, password: "s@:/%", database: 2)),
        ("redis://ann:pw@h", try! RedisAddress(host: "h", user: "ann", password: "pw")),
        ("redis://a%20n:p:w@x@h", try! RedisAddress(host: "h", user: "a n", password: "p:w@x")),
        ("redis://@h", try! RedisAddress(host: "h")),
        ("redis://[::1]:7", try! RedisAddress(host: "::1", port: 7)),
        ("redis://[fe80::1]", try! RedisAddress(host: "fe80::1")),
        ("rediss://h:6390", try! RedisAddress(host: "h", port: 6390, isTLS: true)),
        ("rediss://h/1?tls_ca_file=/etc/a%20b.pem", try! RedisAddress(host: "h", database: 1, isTLS: true, authorityFile: "/etc/a b.pem")),
    ])
    func readsURLs(_ url: String, _ wanted: RedisAddress) throws { #expect(try RedisAddress(url: url) == wanted) }

    @Test(arguments: [
        ("", "must begin with redis:// or rediss://"), ("127.0.0.1:6379", "must begin with redis:// or rediss://"),
        ("http://canary@h", "must begin with redis:// or rediss://."), ("redis+unix:///canary", "Unix socket is not supported"),
        ("redis://", "has no host"), ("redis:///1", "has no host"), ("redis://:canary@", "has no host"),
        ("redis://canary@h", "a user without a password"), ("redis://canary:@h", "a user without a password"),
        ("redis://h:0", "no possible port"), ("redis://h:65536", "no possible port"), ("redis://h:+1", "no possible port"),
        ("redis://h:", "no possible port"), ("redis://:can/ary@h", "%2F"), ("redis://[::1", "closing bracket"),
        ("redis://[::1]6379", "no possible port"), ("redis://:can#ary@h", "%23"), ("redis://:canary%4@h", "Write % itself as %25"),
        ("redis://:canary%+4@h", "Write % itself as %25"), ("redis://:canary%ff@h", "Write % itself as %25"),
        ("redis://:can ary@h", "%20"), ("redis://h/one", "number of a database"), ("redis://h/1/2", "number of a database"),
        ("redis://h/99999999999999999999", "number of a database"), ("redis://h/1000001", "no possible database"),
        ("redis://h?tls_ca_file=/a", "Begin it with rediss://"), ("rediss://h?ssl_cert_reqs=none", "nothing else"),
        ("rediss://h?tls_ca_file=", "nothing else"), ("rediss://h?tls_ca_file=/a&b=c", "nothing else"),
        ("redis://h%20x", "no possible host"), ("redis://h[x", "no possible host"),
    ])
    func saysWhatIsWrongWithoutThePassword(_ url: String, _ words: String) {
        do {
            Issue.record("\(url) is read as \(try RedisAddress(url: url))")
        } catch {
            #expect(error.message.contains(words), "\(url): \(error.message)")
            #expect(!error.message.contains("canary") && error.message.hasSuffix("."))
        }
    }

    @Test func neverShowsThePassword() throws {
        let address = try RedisAddress(url: "redis://ann:canary@h:1/2")
        var dumped = ""
        dump(address, to: &dumped)
        for text in ["\(address)", String(reflecting: address), dumped, "\([address])", "\(Optional(address) as Any)"] {
            #expect(!text.contains("canary"), "\(text)")
        }
        #expect("\(address)" == "h:1")
        #expect(try "\(RedisAddress(host: "::1"))" == "[::1]:6379")
    }
}
