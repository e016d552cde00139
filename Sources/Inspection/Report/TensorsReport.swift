import Basics
import Networks

/// What is in a safetensors file (a model, the state of a training), and what is wrong with it.
public struct TensorsReport: Sendable {
  /// The numbers of one tensor, as float32.
  public struct Statistics: Sendable, Hashable {
    public var notFinite = 0
    public var minimum: Float = .infinity
    public var maximum: Float = -.infinity
    public var mean = 0.0
  }

  public let path: String
  public let fileBytes: Int
  public let header: SafeTensorsHeader
  /// By name; empty when they were not asked for.
  public let statistics: [String: Statistics]
  /// The tensor to be shown, nil for all.
  let selection: String?

  /// - Parameters:
  ///   - name: only this tensor is shown.
  ///   - readsData: reads all numbers of what is shown, for `statistics`.
  /// - Throws: `ModelError` when the file has no header or no such tensor, or cannot be read. A header with
  ///   faults is no error: the report says them.
  public static func read(_ path: String, tensor name: String? = nil, readsData: Bool = false)
    throws(ModelError)
    -> TensorsReport
  {
    let file = try SafeTensorsFile.inspect(path)
    if let name { _ = try file.find(name) }
    var statistics: [String: Statistics] = [:]
    if readsData, file.header.problems.isEmpty {
      for tensor in file.tensors where name == nil || tensor.name == name {
        var result = Statistics()
        var count = 0
        for value in try file.floats(tensor.name) {
          guard value.isFinite else {
            result.notFinite += 1
            continue
          }
          count += 1
          result.minimum = min(result.minimum, value)
          result.maximum = max(result.maximum, value)
          result.mean += Double(value)
        }
        result.mean /= Double(max(1, count))
        statistics[tensor.name] = result
      }
    }
    return TensorsReport(
      path: path, fileBytes: file.fileBytes, header: file.header, statistics: statistics, selection: name)
  }

  private var shown: [StoredTensor] {
    header.tensors.filter { selection == nil || $0.name == selection }.sorted { $0.name < $1.name }
  }

  private var problems: [String] {
    header.problems.map { ($0.subject.map { $0 + ": " } ?? "") + $0.sentence }
      + shown.compactMap { tensor in
        guard let found = statistics[tensor.name], found.notFinite > 0 else { return nil }
        return
          "\(printable(tensor.name, limit: 200)): \(found.notFinite) of \(tensor.count) numbers are not finite"
      }
  }

  /// For people.
  public var text: String {
    var lines = [printable(path)]
    let numbers = header.tensors.reduce(0) { $0 + $1.count }
    lines.append(
      "  safetensors, \(bytesText(Int64(fileBytes))), \(header.tensors.count) tensors of \(numbers) numbers")
    if selection == nil, !header.metadata.isEmpty {
      lines += ["", "Metadata"]
      let width = min(30, header.metadata.map { printable($0.name).count }.max() ?? 0)
      for (name, text) in header.metadata {
        lines.append("  " + pad(printable(name, limit: 60), width) + "  " + printable(text, limit: 200))
      }
    }
    lines += ["", "Tensors"]
    let width = min(60, shown.map { printable($0.name).count }.max() ?? 0)
    for tensor in shown {
      var line =
        "  " + pad(printable(tensor.name, limit: 200), width) + "  " + pad(tensor.type.rawValue, 4) + "  "
      line += tensor.extents.isEmpty ? "one number" : tensor.extents.map(String.init).joined(separator: " x ")
      if let found = statistics[tensor.name], tensor.count > found.notFinite {
        line += "  from \(short(Double(found.minimum))) to \(short(Double(found.maximum)))"
        line += ", mean \(short(found.mean))"
      }
      lines.append(line)
    }
    if !problems.isEmpty { lines += ["", "Wrong"] + problems.map { "  " + $0 } }
    return lines.joined(separator: "\n") + "\n"
  }

  /// The schema is named in the document: `isotach.tensors/1`.
  public var json: String {
    let tensors = shown.map { tensor in
      var entries: [(String, JSONValue)] = [
        ("name", .string(tensor.name)), ("dtype", .string(tensor.type.rawValue)),
        ("shape", .array(tensor.extents.map { .integer($0) })),
        ("bytes", .integer(tensor.range.count)),
      ]
      if let found = statistics[tensor.name] {
        entries += [
          ("notFinite", .integer(found.notFinite)), ("minimum", .real(found.minimum)),
          ("maximum", .real(found.maximum)), ("mean", .real(found.mean)),
        ]
      }
      return JSONValue.object(entries)
    }
    return JSONValue.object([
      ("schema", .string("isotach.tensors/1")), ("path", .string(path)), ("format", .string("safetensors")),
      ("bytes", .integer(fileBytes)),
      ("metadata", .object(header.metadata.map { ($0.name, .string($0.text)) })),
      ("tensors", .array(tensors)),
      ("errors", .array(problems.map { .string($0) })),
    ]).document
  }
}
