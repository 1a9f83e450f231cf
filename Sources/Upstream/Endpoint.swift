package import Core
import Foundation
import Gateway
import Synchronization

/// Where the calls by one of a provider's ways in go: the URL, the headers of every call, and how busy it is.
package final class Endpoint: Sendable {
    /// As the catalogue calls it.
    package let access: String
    /// The full URL of its chat completions or messages.
    let url: String
    /// Of its list of models.
    let modelsURL: String
    /// `Name: value`, the provider's key among them: never logged, never shown.
    let headers: [String]
    /// PEM file of the certificate authorities to trust instead of the system's; nil for the system's.
    let authorities: String?
    /// Most calls at once.
    let limit: Int

    // Written by the engine's thread alone, read by reports.
    let inUse = Atomic<Int>(0)
    let waiting = Atomic<Int>(0)
    let idle = Atomic<Int>(0)

    /// - Parameters:
    ///   - baseURL: without a trailing slash.
    ///   - key: the provider's key; nil for one that needs none.
    ///   - authorities: path of a PEM file with the authorities to trust instead of the system's.
    package init(
        access: String, api: Provider.API = .openai, baseURL: String, key: String?, authorities: String? = nil,
        limit: Int
    ) {
        self.access = access
        modelsURL = baseURL + "/models"
        url = baseURL + (api == .openai ? "/chat/completions" : "/messages")
        // The list is closed: nothing of the caller's headers goes out. An empty `Expect` keeps curl from waiting for
        // a 100 before large bodies.
        headers = ["Content-Type: application/json", "Expect:"] + Self.headers(of: api, key: key)
        self.authorities = authorities
        self.limit = limit
    }

    private static func headers(of api: Provider.API, key: String?) -> [String] {
        switch api {
        case .openai: key.map { ["Authorization: Bearer \($0)"] } ?? []
        case .anthropic: ["anthropic-version: 2023-06-01"] + (key.map { ["x-api-key: \($0)"] } ?? [])
        }
    }

    /// Whether the other one goes to the same place with the same key under the same limit.
    func isLike(_ other: Endpoint) -> Bool {
        access == other.access && url == other.url && headers == other.headers && authorities == other.authorities
            && limit == other.limit
    }

    /// Whether the environment names a proxy, in one of the variables that libcurl reads.
    let mayUseProxy = ["http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"].contains {
        ProcessInfo.processInfo.environment[$0] != nil
    }

    var report: PoolReport {
        PoolReport(
            access: access, inUse: inUse.load(ordering: .relaxed), idle: idle.load(ordering: .relaxed),
            waiting: waiting.load(ordering: .relaxed), limit: limit)
    }
}
