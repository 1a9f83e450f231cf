import Settings
import Testing

@Suite struct ClientKeyTests {
    private let directory = try! TemporaryDirectory()

    private func read(_ environment: [String: String]) throws(ConfigurationError) -> [String] {
        try ServerSettings.read(flags: Flags(), environment: environment, directory: directory.path).clientKeys.map {
            $0.reveal()
        }
    }

    @Test(arguments: [("one", ["one"]), ("one,two", ["one", "two"]), (" one , two,", ["one", "two"]), ("one,one", ["one"])])
    func comeFromAVariable(value: String, keys: [String]) throws {
        #expect(try read(["QUINTET_API_KEYS": value]) == keys)
    }

    @Test func comeFromAFileThatTheSettingsName() throws {
        try directory.write("# clients\r\none\r\n\r\n  two  \n", to: "conf/keys")
        try directory.write(#"{"api_keys_file": "keys"}"#, to: "conf/q.json")
        #expect(try read(["QUINTET_CONFIG": "conf/q.json"]) == ["one", "two"])
        #expect(try read(["QUINTET_API_KEYS_FILE": "conf/keys"]) == ["one", "two"])
    }

    @Test func theVariableBeatsTheFile() throws {
        try directory.write(#"{"api_keys_file": "keys"}"#, to: "quintet.json")
        try directory.write("file-key", to: "keys")
        #expect(try read(["QUINTET_API_KEYS": "variable-key"]) == ["variable-key"])
    }

    @Test func twoVariablesContradict() throws {
        try directory.write("file-key", to: "keys")
        let found = complaints(try read(["QUINTET_API_KEYS": "canary", "QUINTET_API_KEYS_FILE": "keys"]))
        #expect(found == ["QUINTET_API_KEYS_FILE: QUINTET_API_KEYS is set as well. Unset one of the two."])
    }

    @Test(arguments: [
        (
            "canary\u{7}",
            "QUINTET_API_KEYS: the key holds a line break or another character that no key has. Paste it again, without its surroundings."
        ),
        (",", "QUINTET_API_KEYS: holds no key. Add one, or unset it."),
        (" ", "QUINTET_API_KEYS: holds no key. Add one, or unset it."),
    ])
    func areRefusedWithoutBeingShown(value: String, problem: String) {
        #expect(complaints(try read(["QUINTET_API_KEYS": value])) == [problem])
    }

    @Test func unusableKeysAreNotMissingKeys() throws {
        let environment = ["QUINTET_API_KEYS": "canary\u{7}", "QUINTET_HOST": "0.0.0.0"]
        #expect(complaints(try read(environment)).count == 1)
    }

    @Test func aFileIsReadLineByLine() throws {
        try directory.write("good\ncan\u{1}ary\ncan\u{2}ary\n", to: "keys")
        let path = "\(directory.path)/keys"
        let found = complaints(try read(["QUINTET_API_KEYS_FILE": path]))
        #expect(found.count == 2)
        #expect(found.first?.hasPrefix("\(path): line 2: ") == true)
        #expect(found.last?.hasPrefix("\(path): line 3: ") == true)
        #expect(!found.joined().contains("ary"))
    }

    @Test func aMissingOrEmptyFileIsAnError() throws {
        try directory.write("# nobody yet\n", to: "none")
        let missing = complaints(try read(["QUINTET_API_KEYS_FILE": "gone"]))
        #expect(
            missing == [
                "\(directory.path)/gone: there is no such file. Create it with one key a line, or name another as api_keys_file."
            ])
        let empty = complaints(try read(["QUINTET_API_KEYS_FILE": "none"]))
        #expect(empty == ["\(directory.path)/none: holds no key. Add one, or unset it."])
    }

    @Test func areNowhereInTheSettingsDescription() throws {
        let settings = try ServerSettings.read(
            flags: Flags(), environment: ["QUINTET_API_KEYS": "canary"], directory: directory.path)
        var dumped = ""
        dump(settings, to: &dumped)
        #expect(!"\(settings) \(String(reflecting: settings)) \(dumped)".contains("canary"))
    }
}
