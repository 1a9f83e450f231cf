import Core
import Settings
import Testing

@Suite struct RedisVariableTests {
    private let directory = try! TemporaryDirectory(["ca.pem": ""])

    private func read(_ environment: [String: String]) throws(ConfigurationError) -> RedisAddress? {
        try ServerSettings.read(flags: Flags(), environment: environment, directory: directory.path).redis
    }

    @Test func nobodyNamesOne() throws {
        #expect(try read([:]) == nil)
        #expect(try read(["REDIS_URL": "", "REDIS_HOST": ""]) == nil)
        #expect(try read(["REDIS_PORT": "tcp://10.0.0.1:6379"]) == nil, "Kubernetes's own variable names nothing")
    }

    @Test func byURL() throws {
        let url = "rediss://ann:pw@h:1/2?tls_ca_file=\(directory.path)/ca.pem"
        let wanted = try RedisAddress(
            host: "h", port: 1, user: "ann", password: "pw", database: 2, isTLS: true,
            authorityFile: "\(directory.path)/ca.pem")
        #expect(try read(["REDIS_URL": url]) == wanted)
        #expect(try read(["REDIS_URL": "redis://h", "REDIS_PORT": "tcp://10.0.0.1:6379"]) == RedisAddress(host: "h"))
    }

    @Test func byParts() throws {
        #expect(try read(["REDIS_HOST": "h"]) == RedisAddress(host: "h"))
        #expect(try read(["REDIS_HOST": "[::1]"]) == RedisAddress(host: "::1"))
        let all = ["REDIS_HOST": "h", "REDIS_PORT": "7", "REDIS_PASSWORD": "p@/:%", "REDIS_DB": "3"]
        #expect(try read(all) == RedisAddress(host: "h", port: 7, password: "p@/:%", database: 3))
    }

    @Test(arguments: [
        (["REDIS_URL": "http://canary"], "REDIS_URL: must begin with redis:// or rediss://."),
        (["REDIS_URL": "redis://:canary@"], "REDIS_URL: has no host. Write it like redis://127.0.0.1:6379."),
        (
            ["REDIS_URL": "rediss://h?tls_ca_file=/no/such.pem"],
            "REDIS_URL: tls_ca_file: /no/such.pem cannot be read. Name a PEM file of authorities."
        ),
        (
            ["REDIS_URL": "redis://h", "REDIS_PASSWORD": "canary"],
            "REDIS_PASSWORD: REDIS_URL is set as well, which holds all of this. Unset one of the two."
        ),
        (
            ["REDIS_PASSWORD": "canary"],
            "REDIS_PASSWORD: is set without REDIS_HOST or REDIS_URL. Name the Redis, or unset it."
        ),
        (["REDIS_HOST": "redis://h"], "REDIS_HOST: holds no possible host. Write a name or an address alone, like 127.0.0.1."),
        (["REDIS_HOST": "h", "REDIS_PORT": "0"], "REDIS_PORT: must be a whole number from 1 to 65535."),
        (
            ["REDIS_HOST": "h", "REDIS_PORT": "tcp://10.0.0.1:6379"],
            "REDIS_PORT: must be a whole number from 1 to 65535. Kubernetes has set it for the service called redis: "
                + "set enableServiceLinks: false in the pod, or use REDIS_URL."
        ),
        (["REDIS_HOST": "h", "REDIS_DB": "-1"], "REDIS_DB: must be a whole number from 0 to 1000000."),
    ])
    func mistakesStopTheStart(_ environment: [String: String], _ complaint: String) {
        #expect(complaints(try read(environment)) == [complaint])
    }
}
