import CDeflate
import Foundation
import TestSupport
import Testing

@testable import GridFiles

/// Every file of `../shared/data`, as netCDF4-python and h5py see it.
@Suite struct ReadingPeerTests {
  /// What the Python libraries say, asked once.
  nonisolated(unsafe) private static let dumps = PeerComparison.dump(SharedData.files().map(\.path))

  private static var areThere: Bool { Peers.python != nil && SharedData.isThere }

  @Test(
    .enabled(if: areThere, SharedData.reason),
    arguments: SharedData.files().map { String($0.path.dropFirst((SharedData.root?.path.count ?? 0) + 1)) },
    [ReadPolicy.Route.fast, .library])
  func equalsPeers(_ name: String, _ route: ReadPolicy.Route) async throws {
    let path = try SharedData.path(name)
    let peer = try #require(Self.dumps[path], "the peer says nothing about this file")
    try await PeerComparison().compare(path, route, peer)
  }
}

/// Compares a file with what `peers/dump.py` says about it.
struct PeerComparison {
  static func dump(_ paths: [String]) -> [String: [String: Any]] {
    guard let python = Peers.python else { return [:] }
    let script = PackageRoot.url("Tests/GridFilesTests/peers/dump.py").path
    guard let result = try? Command.run([python, script] + paths, timeout: 300),
      let object = try? JSONSerialization.jsonObject(with: Data(result.stdout.utf8))
    else { return [:] }
    return object as? [String: [String: Any]] ?? [:]
  }

  func compare(
    _ path: String, _ route: ReadPolicy.Route, _ peer: [String: Any], folders: [String] = []
  ) async throws {
    if let error = peer["error"] {
      Issue.record("the peer cannot read it: \(error)")
      return
    }
    var policy = ReadPolicy()
    policy.route = route
    policy.externalFolders = folders
    let file = try await SourceFile.open(path, policy: policy)
    let isNetCDF = peer["library"] as? String == "netCDF4"
    if isNetCDF { compareGroups(file, peer) }
    for case let (group, entry as [String: Any]) in peer["groups"] as? [String: Any] ?? [:] {
      let found = file.header.root.everything { [$0] }.first { $0.path == group }
      compare(entry["attributes"], found?.attributes ?? [], "\(group)")
    }
    let entries = peer["variables"] as? [String: [String: Any]] ?? [:]
    let variables = Dictionary(file.header.allVariables.map { ($0.path, $0) }) { first, _ in first }
    if isNetCDF { #expect(Set(variables.keys) == Set(entries.keys)) }
    for (path, entry) in entries {
      guard let variable = variables[path] else {
        Issue.record("\(path) is not found; unread: \(file.header.root.everything(\.unread))")
        continue
      }
      #expect(variable.extents == entry["shape"] as? [Int], "\(path)")
      if let names = entry["dimensions"] as? [String] {
        for (dimension, name) in zip(variable.dimensions, names) where dimension.isNamed {
          #expect(dimension.name == name.split(separator: "/").last.map(String.init), "\(path)")
        }
      }
      compare(entry["attributes"], variable.attributes, path)
      try await compareData(file, variable, entry)
    }
  }

  private func compareGroups(_ file: SourceFile, _ peer: [String: Any]) {
    let groups = peer["groups"] as? [String: [String: Any]] ?? [:]
    #expect(Set(file.header.root.everything { [$0.path] }) == Set(groups.keys))
    for group in file.header.root.everything({ [$0] }) {
      guard let list = groups[group.path]?["dimensions"] as? [[Any]] else { continue }
      let named = group.dimensions.filter(\.isNamed)
      let theirs = list.filter { !(($0[0] as? String)?.hasPrefix("phony_dim_") ?? false) }
      #expect(named.map(\.name) == theirs.map { $0[0] as? String }, "\(group.path)")
      #expect(named.map(\.length) == theirs.map { $0[1] as? Int }, "\(group.path)")
      #expect(named.map(\.isUnlimited) == theirs.map { $0[2] as? Bool }, "\(group.path)")
    }
  }

  private func compare(_ theirs: Any?, _ ours: [Attribute], _ owner: String) {
    guard let theirs = theirs as? [String: Any] else { return }
    #expect(Set(theirs.keys) == Set(ours.map(\.name)), "attributes of \(owner)")
    for attribute in ours {
      guard let expected = theirs[attribute.name] as? String else { continue }
      #expect(Self.text(attribute) == expected, "\(owner):\(attribute.name)")
    }
  }

  /// An attribute in the form of `dump.py`.
  private static func text(_ attribute: Attribute) -> String {
    func hex<T>(_ kind: String, _ values: [T]) -> String {
      "\(kind):" + values.withUnsafeBytes { $0.map { String(format: "%02x", $0) }.joined() }
    }
    switch attribute.value {
    case .text(let text): return "text:" + text
    case .strings(let list):
      return list.count == 1 ? "text:" + list[0] : "strings:" + list.joined(separator: "\n")
    case .int8(let v): return hex("i1", v)
    case .uint8(let v): return hex("u1", v)
    case .int16(let v): return hex("i2", v)
    case .uint16(let v): return hex("u2", v)
    case .int32(let v): return hex("i4", v)
    case .uint32(let v): return hex("u4", v)
    case .int64(let v): return hex("i8", v)
    case .uint64(let v): return hex("u8", v)
    case .float32(let v): return hex("f4", v)
    case .float64(let v): return hex("f8", v)
    case .unsupported(let what): return what
    }
  }

  private func compareData(_ file: SourceFile, _ variable: Variable, _ entry: [String: Any]) async throws {
    guard let data = entry["data"] as? String else { return }
    if data.hasPrefix("strings:") {
      let joined = try await file.readStrings(variable).joined(separator: "\0")
      #expect("strings:" + checksum(Array(joined.utf8)) == data, "\(variable.path)")
    } else {
      let bytes = try await file.readBytes(variable)
      #expect("bytes:" + checksum(bytes) == data, "\(variable.path)")
    }
    guard let decoded = entry["decoded"] as? [String: Any] else { return }
    let result = try await Decoded.read(file, variable, Hyperslab(all: variable.extents), workers: 2)
    var valid = 0
    var sum = 0.0
    result.values.withUnsafeBufferPointer { values in
      result.validity.withUnsafeBufferPointer { validity in
        var index = 0
        while index < values.count {
          if validity[index] == 1 {
            valid += 1
            sum += Double(values[index])
          }
          index += 1
        }
      }
    }
    #expect(valid == decoded["valid"] as? Int, "\(variable.path)")
    let size = decoded["size"] as? Double ?? 0
    // They compute in float32 where the scale is float32.
    #expect(abs(sum - (decoded["sum"] as? Double ?? .nan)) <= 1e-6 * size + 1e-300, "\(variable.path)")
  }
}

/// Length and CRC-32, as `dump.py` gives them.
func checksum(_ bytes: [UInt8]) -> String {
  "\(bytes.count) \(bytes.withUnsafeBytes { libdeflate_crc32(0, $0.baseAddress, $0.count) })"
}

/// Decoded values of a part of a variable, by netCDF4-python's rules for what is missing.
struct Decoded {
  var values: [Float]
  var validity: [UInt8]

  static func read(
    _ file: SourceFile, _ variable: Variable, _ slab: Hyperslab, decoding: Decoding? = nil,
    strides: [Int]? = nil, workers: Int = 1
  ) async throws -> Decoded {
    let count = slab.elementCount
    let values = UnsafeMutablePointer<Float>.allocate(capacity: max(1, count))
    let validity = UnsafeMutablePointer<UInt8>.allocate(capacity: max(1, count))
    defer {
      values.deallocate()
      validity.deallocate()
    }
    values.initialize(repeating: -1, count: max(1, count))
    validity.initialize(repeating: 7, count: max(1, count))
    let target = FloatTarget(
      values: values, validity: validity, strides: strides ?? LinearRead.strides(slab.count, 1))
    try await file.read(
      variable, slab, decoding: decoding ?? rules(variable), into: target, workers: workers)
    return Decoded(
      values: Array(UnsafeBufferPointer(start: values, count: count)),
      validity: Array(UnsafeBufferPointer(start: validity, count: count)))
  }

  static func rules(_ variable: Variable) -> Decoding {
    var decoding = Decoding()
    let isUnsigned = ["true", "True"].contains(variable.attributes["_Unsigned"]?.text ?? "")
    decoding.isUnsigned = isUnsigned
    func own(_ value: Double) -> Double {
      guard isUnsigned, value < 0 else { return value }
      switch variable.type {
      case .int8: return value + 256
      case .int16: return value + 65536
      case .int32: return value + 4_294_967_296
      default: return value
      }
    }
    decoding.missing = (variable.attributes["missing_value"]?.numbers ?? []).map(own)
    if let fill = variable.attributes["_FillValue"]?.number {
      decoding.missing.append(own(fill))
    } else if variable.type != .uint8, variable.type != .char, !(variable.type == .int8 && isUnsigned) {
      let standard = FillValues.standard(variable.type)
      decoding.missing += (Numbers.doubles(standard, variable.type) ?? []).map(own)
    }
    let range = variable.attributes["valid_range"]?.numbers ?? []
    decoding.validMinimum = (range.count == 2 ? range.first : variable.attributes["valid_min"]?.number).map(
      own)
    decoding.validMaximum = (range.count == 2 ? range.last : variable.attributes["valid_max"]?.number).map(
      own)
    decoding.scale = variable.attributes["scale_factor"]?.number ?? 1
    decoding.offset = variable.attributes["add_offset"]?.number ?? 0
    return decoding
  }
}
