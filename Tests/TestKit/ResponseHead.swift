/// The head of a response as a ``RawClient`` received it.
package struct ResponseHead: Sendable, Equatable {
    package let version: String
    package let status: Int
    package let reason: String
    package let headers: HeaderList

    /// Reads a status line and fields, strictly: what a test receives must be right.
    init(parsing text: String) throws {
        var lines = text.split(separator: "\r\n", omittingEmptySubsequences: true)
        guard !lines.isEmpty else { throw RawClientError.malformed("empty head") }
        let parts = lines.removeFirst().split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count >= 2, parts[0].hasPrefix("HTTP/1."), parts[1].utf8.count == 3, let status = Int(parts[1])
        else {
            throw RawClientError.malformed("status line \(parts.joined(separator: " "))")
        }
        var headers = HeaderList()
        for line in lines {
            guard let colon = line.firstIndex(of: ":"), colon > line.startIndex else {
                throw RawClientError.malformed("header line \(line)")
            }
            let blank: (Character) -> Bool = { $0 == " " || $0 == "\t" }
            let value = line[line.index(after: colon)...].drop(while: blank).reversed().drop(while: blank).reversed()
            headers.append(String(line[..<colon]), String(value))
        }
        self.version = String(parts[0])
        self.status = status
        self.reason = parts.count > 2 ? String(parts[2]) : ""
        self.headers = headers
    }
}
