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
    dependencies: [.package(url: "https://github.com/ordo-one/benchmark", from: "1.38.1", traits: [])],
    targets: [
        .target(name: "CWeights", exclude: ["agents.weights"]),
        .target(name: "Core", swiftSettings: swiftSettings),
        .executableTarget(
            name: "RoutingBenchmark",
            dependencies: ["Core", "CWeights", .product(name: "Benchmark", package: "benchmark")],
            path: "Benchmarks/RoutingBenchmark", swiftSettings: swiftSettings,
            plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")]),
    ]
)
