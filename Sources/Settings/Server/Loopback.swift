/// Hosts that only this machine can reach.
enum Loopback {
    /// `localhost`, `127.0.0.0/8` and `::1`, with or without brackets.
    static func contains(_ host: String) -> Bool {
        var host = host.lowercased()
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        if host == "localhost" || host == "::1" { return true }
        // Four numbers, so that a name such as 127.example.com does not pass for an address.
        let numbers = host.split(separator: ".", omittingEmptySubsequences: false)
        return numbers.count == 4 && numbers[0] == "127" && numbers.allSatisfy { UInt8($0) != nil && $0.first != "+" }
    }
}
