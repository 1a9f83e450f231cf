import Foundation

/// Certificates of an authority that nobody else knows.
package enum Certificates {
    /// Makes `authority.pem`, and `server.pem` with `server.key` for an IP address, in a directory. It takes openssl.
    package static func make(in directory: String, address: String) async throws {
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        let files = ["-keyout", "authority.key", "-out", "authority.pem"]
        try await Program.run(
            "openssl", ["req", "-x509", "-days", "2", "-subj", "/CN=Quintet tests"] + files + key, in: directory)
        try await Program.run(
            "openssl", ["req", "-subj", "/CN=\(address)", "-keyout", "server.key", "-out", "server.csr"] + key, in: directory)
        try "subjectAltName=IP:\(address)\n".write(toFile: directory + "/names", atomically: true, encoding: .utf8)
        try await Program.run(
            "openssl",
            [
                "x509", "-req", "-days", "2", "-in", "server.csr", "-out", "server.pem", "-extfile", "names", "-CA",
                "authority.pem", "-CAkey", "authority.key", "-CAcreateserial",
            ], in: directory)
    }
}
