import Core
import Foundation

/// The variables that name a Redis, as hosts and other programs set them: `REDIS_URL`, or `REDIS_HOST` and those beside it.
/// They have no flags and no place in `quintet.json`: what may hold a password comes by variables only.
struct RedisVariables {
    /// Those that are set to something.
    private let values: [String: String]

    init(_ environment: [String: String]) { values = environment.filter { !$0.value.isEmpty } }

    /// nil when nothing names a Redis, or when there is a problem, which is noted.
    func address(problems: ProblemLog) -> RedisAddress? {
        do throws(ConfigurationError) {
            if let url = values["REDIS_URL"] { return try fromURL(url) }
            return try fromParts()
        } catch {
            problems.note(error)
            return nil
        }
    }

    private func fromURL(_ url: String) throws(ConfigurationError) -> RedisAddress {
        if let other = ["REDIS_HOST", "REDIS_PASSWORD", "REDIS_DB"].first(where: { values[$0] != nil }) {
            throw ConfigurationError(other, "REDIS_URL is set as well, which holds all of this. Unset one of the two.")
        }
        let address: RedisAddress
        do { address = try RedisAddress(url: url) } catch { throw ConfigurationError("REDIS_URL", error.message) }
        if let file = address.authorityFile, !FileManager.default.isReadableFile(atPath: file) {
            throw ConfigurationError("REDIS_URL", "tls_ca_file: \(file) cannot be read. Name a PEM file of authorities.")
        }
        return address
    }

    private func fromParts() throws(ConfigurationError) -> RedisAddress? {
        guard var host = values["REDIS_HOST"] else {
            if let lone = ["REDIS_PASSWORD", "REDIS_DB"].first(where: { values[$0] != nil }) {
                throw ConfigurationError(lone, "is set without REDIS_HOST or REDIS_URL. Name the Redis, or unset it.")
            }
            return nil
        }
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        let port = try number("REDIS_PORT", in: 1...65_535) ?? RedisAddress.defaultPort
        let database = try number("REDIS_DB", in: 0...1_000_000) ?? 0
        do {
            return try RedisAddress(host: host, port: port, password: values["REDIS_PASSWORD"], database: database)
        } catch { throw ConfigurationError("REDIS_HOST", error.message) }
    }

    private func number(_ name: String, in range: ClosedRange<Int>) throws(ConfigurationError) -> Int? {
        guard let text = values[name] else { return nil }
        if let number = Int(text), range.contains(number) { return number }
        // Kubernetes sets variables of its own for every service: for one called `redis`, REDIS_PORT to a URL.
        let hint =
            text.hasPrefix("tcp://")
            ? " Kubernetes has set it for the service called redis: set enableServiceLinks: false in the pod, or use REDIS_URL." : ""
        throw ConfigurationError(name, "must be a whole number from \(range.lowerBound) to \(range.upperBound).\(hint)")
    }
}
