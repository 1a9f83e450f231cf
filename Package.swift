// swift-tools-version: 6.2
import PackageDescription

let swiftSettings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

/// For the targets on the way of a request: an async function runs where its caller does, so a call costs no switch.
let requestPathSettings = swiftSettings + [.enableUpcomingFeature("NonisolatedNonsendingByDefault")]

func nio(_ product: String) -> Target.Dependency { .product(name: product, package: "swift-nio") }
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")

let package = Package(
    name: "quintet",
    platforms: [.macOS(.v15)],
    products: [.executable(name: "quintet", targets: ["quintet"])],
    dependencies: [
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0", traits: ["JSON"]),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        .target(name: "CCurl", linkerSettings: [.linkedLibrary("curl")]),
        .target(name: "CHiredis", linkerSettings: [.linkedLibrary("hiredis")]),
        .target(name: "CSimdJSON", linkerSettings: [.linkedLibrary("simdjson")]),
        .target(name: "CWeights", exclude: ["agents.weights", "complexity.weights"]),
        .target(name: "CZstd", linkerSettings: [.linkedLibrary("zstd")]),
        .target(name: "Core", dependencies: [crypto], swiftSettings: swiftSettings),
        .target(name: "Wire", dependencies: ["Core", "CSimdJSON", nio("NIOCore")], swiftSettings: swiftSettings),
        .target(
            name: "Gateway", dependencies: ["Core", "Wire", nio("NIOCore"), logging, lifecycle, crypto],
            swiftSettings: requestPathSettings),
        .target(
            name: "Upstream",
            dependencies: [
                "Core", "Gateway", "CCurl", nio("NIOCore"), lifecycle,
                .product(name: "DequeModule", package: "swift-collections"),
            ],
            swiftSettings: requestPathSettings),
        .target(
            name: "Cache",
            dependencies: [
                "Core", "Gateway", "CHiredis", "CZstd", nio("NIOCore"), nio("NIOPosix"), crypto, lifecycle, logging,
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ],
            swiftSettings: requestPathSettings),
        .target(name: "Telemetry", dependencies: ["Core", "Gateway", lifecycle], swiftSettings: swiftSettings),
        .target(
            name: "Edge",
            dependencies: [
                "Core", "Wire", "Gateway", logging, lifecycle, nio("NIOCore"), nio("NIOPosix"), nio("NIOHTTP1"),
                .product(name: "NIOExtras", package: "swift-nio-extras"),
                .product(name: "DequeModule", package: "swift-collections"),
                crypto,
            ],
            swiftSettings: requestPathSettings),
        .target(
            name: "DemoProvider",
            dependencies: [hummingbird, hummingbirdCore, httpTypes, logging, nio("NIOCore"), nio("NIOPosix"), lifecycle],
            swiftSettings: swiftSettings),
        .target(
            name: "Settings",
            dependencies: ["Core", "Yams", .product(name: "Configuration", package: "swift-configuration")],
            swiftSettings: swiftSettings),
        .executableTarget(
            name: "quintet",
            dependencies: [
                "CWeights", "Core", "Wire", "Gateway", "Upstream", "Cache", "Edge", "Telemetry", "Settings", "DemoProvider", logging,
                lifecycle, nio("NIOCore"), nio("NIOPosix"), nio("NIOHTTP1"),
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: swiftSettings),
        .executableTarget(
            name: "KeyBenchmark", dependencies: ["Core", "Wire", nio("NIOCore")], path: "Benchmarks/key", swiftSettings: swiftSettings),

        .target(
            name: "TestKit", dependencies: [nio("NIOCore"), nio("NIOPosix"), nio("NIOHTTP1"), nio("NIOConcurrencyHelpers")],
            path: "Tests/TestKit", swiftSettings: swiftSettings),
        .testTarget(name: "TestKitTests", dependencies: ["TestKit", nio("NIOCore")], swiftSettings: swiftSettings),
        .testTarget(name: "CoreTests", dependencies: ["CWeights", "Core", "TestKit", crypto], swiftSettings: swiftSettings),
        .testTarget(
            name: "WireTests", dependencies: ["Core", "Wire", "TestKit", nio("NIOCore")], swiftSettings: swiftSettings),
        .testTarget(
            name: "GatewayTests", dependencies: ["Core", "Wire", "Gateway", "TestKit", logging, nio("NIOCore"), crypto],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "UpstreamTests", dependencies: ["Core", "Gateway", "Upstream", "TestKit", nio("NIOCore")],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "EdgeTests",
            dependencies: ["Core", "Gateway", "Edge", "TestKit", logging, nio("NIOCore"), nio("NIOEmbedded"), nio("NIOHTTP1")],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "CacheTests",
            dependencies: [
                "Core", "Gateway", "Cache", "TestKit", nio("NIOCore"), nio("NIOPosix"), crypto, lifecycle, logging,
                .product(name: "ServiceLifecycleTestKit", package: "swift-service-lifecycle"),
            ],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "QuintetTests",
            dependencies: [
                "quintet", "Core", "Wire", nio("NIOCore"), .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: swiftSettings),
        .testTarget(name: "SettingsTests", dependencies: ["CWeights", "Core", "Settings"], swiftSettings: swiftSettings),
        .testTarget(
            name: "DemoProviderTests",
            dependencies: [
                "DemoProvider", hummingbird, httpTypes, logging, lifecycle, nio("NIOCore"), nio("NIOPosix"),
                .product(name: "HummingbirdTesting", package: "hummingbird"),
            ],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "LiveTests",
            dependencies: [
                "Core", "Gateway", "Upstream", "Edge", "Cache", "Telemetry", "TestKit", logging, lifecycle, crypto,
                nio("NIOCore"), nio("NIOPosix"),
            ],
            swiftSettings: swiftSettings),
    ],
    cxxLanguageStandard: .cxx17
)
