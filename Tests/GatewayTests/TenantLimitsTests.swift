import Core
@testable import Gateway
import TestKit
import Testing

/// What one tenant may want of the cache beside answers.
@Suite struct TenantLimitsTests {
    private var limits = TenantLimits()
    private let time = ManualTime()

    private func refusal(_ body: () throws(GatewayError) -> Void) -> GatewayError? {
        do throws(GatewayError) { try body() } catch { return error }
        return nil
    }

    @Test mutating func invalidationsUnderWayAreFewForEachTenant() throws {
        for _ in 0..<TenantLimits.invalidations { try limits.beginInvalidation(of: "acme") }
        let error = try #require(refusal { () throws(GatewayError) in try limits.beginInvalidation(of: "acme") })
        #expect(error.code == .tooManyRequests && error.isRetryable && error.retryAfter == .seconds(1))
        try limits.beginInvalidation(of: "umbrella")
        limits.endInvalidation(of: "acme")
        try limits.beginInvalidation(of: "acme")
        #expect(refusal { () throws(GatewayError) in try limits.beginInvalidation(of: "acme") } != nil)
    }

    @Test mutating func aTenantWaitsForItsNextSecret() throws {
        try limits.rotate("acme", now: time.now)
        try limits.rotate("umbrella", now: time.now)
        time.advance(by: .seconds(4))
        let error = try #require(refusal { () throws(GatewayError) in try limits.rotate("acme", now: time.now) })
        #expect(error.retryAfter == .seconds(1))
        time.advance(by: .seconds(1))
        try limits.rotate("acme", now: time.now)
    }

    @Test mutating func tenantsWithoutEndTakeNoMemoryWithoutEnd() throws {
        for number in 0..<10_000 {
            try limits.rotate("t\(number)", now: time.now)
            time.advance(by: .milliseconds(100))
        }
        #expect(limits.rotated.count <= 1024)
    }
}
