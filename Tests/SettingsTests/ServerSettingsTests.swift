import Settings
import Testing

@Suite struct ServerSettingsTests {
    private let directory = try! TemporaryDirectory()

    private func read(_ flags: Flags = Flags(), _ environment: [String: String] = [:]) throws(ConfigurationError)
        -> ServerSettings
    {
        try ServerSettings.read(flags: flags, environment: environment, directory: directory.path, cores: 8)
    }

    @Test func standAloneWithoutAnySetting() throws {
        let settings = try read()
        #expect(settings.host == "127.0.0.1")
        #expect(settings.port == 8080)
        #expect(settings.modelsPath == "\(directory.path)/models.json")
        #expect(!settings.isModelsPathExplicit)
        #expect(settings.agentsDirectory == "\(directory.path)/agents")
        #expect(settings.stateDirectory == "\(directory.path)/.quintet")
        #expect(settings.weightsDirectory == nil)
        #expect(settings.loops == 4)
        #expect(settings.maxBodyBytes == 20 * 1024 * 1024)
        #expect(settings.drainTimeout == .seconds(30))
        #expect(settings.headTimeout == .seconds(10))
        #expect(settings.bodyTimeout == .seconds(60))
        #expect(settings.idleTimeout == .seconds(75))
        #expect(settings.maxConnections == 10_000)
        #expect(settings.logLevel == .info)
        #expect(settings.clientKeys.isEmpty)
        #expect(settings.adminToken == nil)
        #expect(settings.cacheSecret == nil)
    }

    @Test(arguments: [(1, 1), (2, 1), (3, 1), (4, 2), (64, 32), (1024, 256)])
    func takesALoopForTwoCores(cores: Int, loops: Int) throws {
        let settings = try ServerSettings.read(flags: Flags(), environment: [:], directory: directory.path, cores: cores)
        #expect(settings.loops == loops)
    }

    // MARK: Precedence

    /// Every setting: how each source gives it, and what it then is.
    struct Case: Sendable, CustomTestStringConvertible {
        let key: String
        let flag: @Sendable (inout Flags) -> Void
        let variable: String
        let json: String
        let value: @Sendable (ServerSettings) -> String
        /// By flag, by variable, by file.
        let wanted: [String]
        var testDescription: String { key }
    }

    static let cases: [Case] = [
        Case(
            key: "host", flag: { $0.host = "127.0.0.2" }, variable: "127.0.0.3", json: "\"localhost\"", value: { $0.host },
            wanted: ["127.0.0.2", "127.0.0.3", "localhost"]),
        Case(key: "port", flag: { $0.port = 1 }, variable: "2", json: "3", value: { "\($0.port)" }, wanted: ["1", "2", "3"]),
        Case(
            key: "models", flag: { $0.models = "/a" }, variable: "/b", json: "\"/c\"",
            value: { "\($0.modelsPath) \($0.isModelsPathExplicit)" }, wanted: ["/a true", "/b true", "/c true"]),
        Case(
            key: "agents", flag: { $0.agents = "/a" }, variable: "/b", json: "\"/c\"", value: { $0.agentsDirectory },
            wanted: ["/a", "/b", "/c"]),
        Case(
            key: "weights", flag: { $0.weights = "/a" }, variable: "/b", json: "\"/c\"",
            value: { $0.weightsDirectory ?? "built in" }, wanted: ["/a", "/b", "/c"]),
        Case(
            key: "state_dir", flag: { $0.stateDirectory = "/a" }, variable: "/b", json: "\"/c\"", value: { $0.stateDirectory },
            wanted: ["/a", "/b", "/c"]),
        Case(
            key: "loops", flag: { $0.loops = 1 }, variable: "2", json: "3", value: { "\($0.loops)" }, wanted: ["1", "2", "3"]),
        Case(
            key: "max_body_bytes", flag: { $0.maxBodyBytes = 2001 }, variable: "2002", json: "2003",
            value: { "\($0.maxBodyBytes)" }, wanted: ["2001", "2002", "2003"]),
        Case(
            key: "drain_seconds", flag: { $0.drainSeconds = 1.5 }, variable: "2.5", json: "3.5",
            value: { "\($0.drainTimeout)" }, wanted: ["1.5 seconds", "2.5 seconds", "3.5 seconds"]),
        Case(
            key: "head_seconds", flag: { $0.headSeconds = 1.5 }, variable: "2.5", json: "3.5", value: { "\($0.headTimeout)" },
            wanted: ["1.5 seconds", "2.5 seconds", "3.5 seconds"]),
        Case(
            key: "body_seconds", flag: { $0.bodySeconds = 1.5 }, variable: "2.5", json: "3.5", value: { "\($0.bodyTimeout)" },
            wanted: ["1.5 seconds", "2.5 seconds", "3.5 seconds"]),
        Case(
            key: "idle_seconds", flag: { $0.idleSeconds = 1.5 }, variable: "2.5", json: "3.5", value: { "\($0.idleTimeout)" },
            wanted: ["1.5 seconds", "2.5 seconds", "3.5 seconds"]),
        Case(
            key: "max_connections", flag: { $0.maxConnections = 1 }, variable: "2", json: "3",
            value: { "\($0.maxConnections)" }, wanted: ["1", "2", "3"]),
        Case(
            key: "log_level", flag: { $0.logLevel = "debug" }, variable: "WARNING", json: "\"error\"",
            value: { "\($0.logLevel)" }, wanted: ["debug", "warning", "error"]),
    ]

    @Test(arguments: cases)
    func flagBeatsVariableBeatsFile(_ setting: Case) throws {
        let variable = "QUINTET_" + setting.key.uppercased()
        try directory.write("{\"\(setting.key)\": \(setting.json)}", to: "quintet.json")
        var flags = Flags()
        #expect(try setting.value(read()) == setting.wanted[2])
        #expect(try setting.value(read(flags, [variable: setting.variable])) == setting.wanted[1])
        // A variable set to nothing says nothing.
        #expect(try setting.value(read(flags, [variable: ""])) == setting.wanted[2])
        setting.flag(&flags)
        #expect(try setting.value(read(flags, [variable: setting.variable])) == setting.wanted[0])
    }

    // MARK: The settings file

    @Test func findsItsFileByFlagThenVariable() throws {
        try directory.write("{\"port\": 1}", to: "one.json")
        try directory.write("{\"port\": 2}", to: "two.json")
        try directory.write("{\"port\": 3}", to: "quintet.json")
        var flags = Flags()
        #expect(try read(flags, ["QUINTET_CONFIG": "two.json"]).port == 2)
        flags.config = "\(directory.path)/one.json"
        #expect(try read(flags, ["QUINTET_CONFIG": "two.json"]).port == 1)
    }

    @Test func aNamedFileMustExist() {
        let missing = complaints(try read(Flags(), ["QUINTET_CONFIG": "/no/such.json"]))
        #expect(missing == ["/no/such.json: there is no such file. QUINTET_CONFIG names it: create it, or name another."])
    }

    @Test func pathsInAFileAreSeenFromThere() throws {
        try directory.write(#"{"models": "m.json", "state_dir": "/abs", "agents": "a"}"#, to: "conf/q.json")
        var flags = Flags()
        flags.config = "conf/q.json"
        flags.agents = "b"
        let settings = try read(flags)
        #expect(settings.modelsPath == "\(directory.path)/conf/m.json")
        #expect(settings.stateDirectory == "/abs")
        #expect(settings.agentsDirectory == "\(directory.path)/b")
    }

    @Test func pathsStayAsWrittenInTheWorkingDirectory() throws {
        let settings = try ServerSettings.read(flags: Flags(), environment: ["QUINTET_AGENTS": "x/y"], directory: ".")
        #expect(settings.modelsPath == "models.json")
        #expect(settings.agentsDirectory == "x/y")
    }

    @Test(arguments: [
        (#"{"prot": 1}"#, "prot: there is no such key in the settings. Did you mean 'port'?"),
        (#"{"colour": 1}"#, "colour: there is no such key in the settings. Remove it."),
        (#"{"port": "8080"}"#, "port: must be a number, not text."),
        (#"{"port": 1.5}"#, "port: must be a whole number, not 1.5."),
        (#"{"port": true}"#, "port: must be a number, not true or false."),
        (#"{"port": 65536}"#, "port: must be a whole number from 0 to 65535, not 65536."),
        (#"{"port": -1}"#, "port: must be a whole number from 0 to 65535, not -1."),
        (#"{"host": 1}"#, "host: must be text between quotes, not a number."),
        (#"{"host": ""}"#, "host: must not be empty. Fill it in, or remove the key."),
        (#"{"idle_seconds": 0}"#, "idle_seconds: must be a number of seconds from 0.1 to 3600, not 0."),
        (
            #"{"log_level": "inof"}"#,
            "log_level: must be one of trace, debug, info, notice, warning, error, critical, not 'inof'. Did you mean 'info'?"
        ),
        (
            #"{"api_keys": ["canary"]}"#,
            "api_keys: client keys do not belong here. Put them into a file of their own, one a line, and name it by 'api_keys_file'."
        ),
        (#"{"admin_token": "canary"}"#, "admin_token: the admin token does not belong here. Set QUINTET_ADMIN_TOKEN."),
        (#"{"cache_secret": "canary"}"#, "cache_secret: the cache secret does not belong here. Set QUINTET_CACHE_SECRET."),
        (#"{"port": 1, "port": 2}"#, "line 1, column 13: the key 'port' stands here twice. Remove one of the two."),
    ])
    func tellsWhatIsWrongInTheFile(json: String, problem: String) throws {
        try directory.write(json, to: "quintet.json")
        #expect(complaints(try read()) == ["\(directory.path)/quintet.json: \(problem)"])
    }

    @Test func theFileMustBeAnObject() throws {
        try directory.write("[1]", to: "quintet.json")
        #expect(
            complaints(try read())
                == ["\(directory.path)/quintet.json: must be an object { … }, not a list."])
    }

    // MARK: Flags and variables

    @Test(arguments: [
        ("PORT", "http", "must be a whole number from 0 to 65535."),
        ("PORT", "70000", "must be a whole number from 0 to 65535, not 70000."),
        ("LOOPS", "0", "must be a whole number from 1 to 256, not 0."),
        ("LOOPS", "1.5", "must be a whole number from 1 to 256."),
        ("DRAIN_SECONDS", "nan", "must be a number of seconds from 0 to 3600, not nan."),
        ("DRAIN_SECONDS", "soon", "must be a number of seconds from 0 to 3600."),
        ("HEAD_SECONDS", "inf", "must be a number of seconds from 0.1 to 3600, not inf."),
        ("MAX_BODY_BYTES", "10MB", "must be a whole number from 1024 to 1073741824."),
        ("MAX_CONNECTIONS", "0", "must be a whole number from 1 to 1000000, not 0."),
        ("LOG_LEVEL", "loud", "must be one of trace, debug, info, notice, warning, error, critical, not 'loud'."),
        ("HOST", "http://localhost", "must be a host alone, without http:// or a path."),
        ("HOST", "127.0.0.1:80", "must be a host alone. Give the port by --port or QUINTET_PORT."),
        ("HOST", "a b", "is no host name or address."),
    ])
    func tellsWhatIsWrongInAVariable(name: String, value: String, problem: String) throws {
        let found = complaints(try read(Flags(), ["QUINTET_\(name)": value]))
        #expect(found.count == 1)
        #expect(found[0].hasPrefix("QUINTET_\(name): \(problem)"), "\(found[0])")
    }

    @Test func tellsAllProblemsAtOnceByTheNamesThatWereUsed() throws {
        try directory.write(#"{"loops": 0}"#, to: "quintet.json")
        var flags = Flags()
        flags.port = 99_999
        flags.models = ""
        let found = complaints(try read(flags, ["QUINTET_IDLE_SECONDS": "x"]))
        #expect(
            found == [
                "--models: must not be empty.",
                "--port: must be a whole number from 0 to 65535, not 99999.",
                "\(directory.path)/quintet.json: loops: must be a whole number from 1 to 256, not 0.",
                "QUINTET_IDLE_SECONDS: must be a number of seconds from 0.1 to 3600.",
            ])
    }

    @Test func explainsThePortThatKubernetesSets() {
        let found = complaints(try read(Flags(), ["QUINTET_PORT": "tcp://10.0.0.7:8080"]))
        #expect(found.first?.contains("enableServiceLinks: false") == true)
    }

    // MARK: The admin token

    @Test func takesTheAdminTokenFromItsVariable() throws {
        let settings = try read(Flags(), ["QUINTET_ADMIN_TOKEN": "canary-canary-canary"])
        #expect(settings.adminToken?.reveal() == "canary-canary-canary")
        #expect(!"\(settings)".contains("canary"))
    }

    @Test func refusesAnAdminTokenThatNoHeaderCanHold() throws {
        let found = complaints(try read(Flags(), ["QUINTET_ADMIN_TOKEN": "can\nary"]))
        #expect(found.count == 1)
        #expect(found.first?.hasPrefix("QUINTET_ADMIN_TOKEN: ") == true)
        #expect(found.first?.contains("ary") == false)
    }

    // MARK: Who may reach it

    @Test(arguments: ["127.0.0.1", "127.1.2.3", "localhost", "LocalHost", "::1", "[::1]"])
    func listensOnLoopbackWithoutKeys(host: String) throws {
        #expect(try read(Flags(), ["QUINTET_HOST": host]).clientKeys.isEmpty)
    }

    @Test(arguments: [
        "0.0.0.0", "::", "[::]", "192.168.1.2", "example.com", "127.example.com", "127.0.0.1.nip.io", "127.0.0", "127.0.0.+1",
        "::2",
    ])
    func refusesOtherHostsWithoutKeys(host: String) throws {
        let found = complaints(try read(Flags(), ["QUINTET_HOST": host]))
        #expect(found.count == 1)
        #expect(found.first?.hasPrefix("QUINTET_HOST: ") == true)
        #expect(found.first?.contains("Set QUINTET_API_KEYS") == true)
        #expect(try read(Flags(), ["QUINTET_HOST": host, "QUINTET_API_KEYS": "k"]).clientKeys.count == 1)
    }

    @Test func bracketsAreNoPartOfTheHost() throws {
        #expect(try read(Flags(), ["QUINTET_HOST": "[::1]"]).host == "::1")
    }
}
