// swift-tools-version: 6.2
import PackageDescription

// A package of its own, so that the gateway's build knows nothing of it. Its sources are the gateway's, by links, because
// they are of `package` access.

let swiftSettings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

let package = Package(
    name: "quintet",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(url: "https://github.com/ordo-one/benchmark", from: "1.38.1", traits: []),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    ],
    targets: [
        .target(name: "CAllocations"),
        .target(name: "CSimdJSON", linkerSettings: [.linkedLibrary("simdjson")]),
        .target(name: "CWeights", exclude: ["agents.weights", "complexity.weights"]),
        .target(name: "Core", dependencies: [.product(name: "Crypto", package: "swift-crypto")], swiftSettings: swiftSettings),
        .target(
            name: "Wire", dependencies: ["Core", "CSimdJSON", .product(name: "NIOCore", package: "swift-nio")],
            swiftSettings: swiftSettings),
        .executableTarget(
            name: "RoutingBenchmark",
            dependencies: [
                "CAllocations", "Core", "CWeights", "Wire", .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "Benchmark", package: "benchmark"),
            ],
            path: "Benchmarks/RoutingBenchmark", swiftSettings: swiftSettings,
            plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")]),
    ],
    cxxLanguageStandard: .cxx17
)
