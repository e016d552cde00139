import Basics
import Compute
import Networks
import ONNX
import Tensors

/// What is in an ONNX file: its graph, operators, parameters and metadata, and what of the input an output depends on.
public struct OnnxReport: Sendable {
  let model: OnnxModel
  let fileBytes: Int
  /// The graph for `trial`, and how tiles must lie along [rows, columns]; nil when it could not be made.
  let graph: OnnxGraph?
  let tilings: [Tiling?]
  /// Why there is no graph.
  let reason: String?

  /// - Throws: `ModelError` when the file cannot be read or is damaged. Operators that are not supported are no error.
  public static func read(_ path: String) throws(ModelError) -> OnnxReport {
    let model = try OnnxModel.inspect(path)
    let fileBytes = model.fileBytes
    if let problem = model.problem {
      return OnnxReport(model: model, fileBytes: fileBytes, graph: nil, tilings: [], reason: problem.sentence)
    }
    var reason: String?
    // Open extents are tried in a few sizes: deep networks need large ones, classifiers have theirs.
    for extent in [256, 64, 32, 224, 512] {
      do throws(ModelError) {
        let graph = try model.graph(try trial(model, extent))
        return OnnxReport(
          model: model, fileBytes: fileBytes, graph: graph, tilings: tilings(graph), reason: nil)
      } catch {
        reason = reason ?? (error.subject.map { $0 + ": " } ?? "") + error.sentence
      }
    }
    return OnnxReport(model: model, fileBytes: fileBytes, graph: nil, tilings: [], reason: reason)
  }

  /// A shape for each input: open extents are 1 in front (the batch), `extent` behind.
  private static func trial(_ model: OnnxModel, _ extent: Int) throws(ModelError) -> [String: Shape] {
    var shapes: [String: Shape] = [:]
    var bound: [String: Int] = [:]
    for port in model.inputs {
      guard let extents = port.extents else { continue }
      let numbers = extents.enumerated().map { place, wanted in
        switch wanted {
        case .fixed(let number): return number
        case .named(let name):
          let number = bound[name] ?? (place < 2 ? 1 : extent)
          bound[name] = number
          return number
        case .open: return place < 2 ? 1 : extent
        }
      }
      do { shapes[port.name] = try Shape(numbers) } catch {
        throw ModelError(.unsupported, path: model.path, subject: port.name, error.description)
      }
    }
    return shapes
  }

  private static func tilings(_ graph: OnnxGraph) -> [Tiling?] {
    guard let input = graph.inputs.first, let output = graph.outputs.first, graph.inputs.count == 1,
      graph.shape(input).rank == 4, graph.shape(output).rank == 4
    else { return [] }
    let reach = Reach(graph.graph, from: input.value, to: output.value)
    return [2, 1].map { reach.tiling(dimension: $0) }
  }

  private var numbers: Int {
    model.initialiserList.filter { $0.type.isFloat }.reduce(0) { $0 + $1.extents.reduce(1, *) }
  }

  private var operations: Double {
    guard let graph else { return 0 }
    return graph.graph.nodes(for: graph.outputs.map(\.value)).reduce(0) { sum, index in
      let node = graph.graph.nodes[index]
      let inputs = node.call.inputs.map { graph.graph.shape($0) }
      return sum + node.op.cost(inputs, node.call.outputs.map { graph.graph.shape($0) }).operations
    }
  }

  /// For people.
  public var text: String {
    var lines = [printable(model.path)]
    lines.append(
      "  ONNX, \(bytesText(Int64(fileBytes))), opset \(model.opset), IR version \(model.irVersion)"
        + (model.producer.map { ", by " + printable($0, limit: 100) } ?? ""))
    lines.append(
      "  \(model.nodeCount) nodes, \(model.initialiserList.count) tensors with \(numbers) numbers in all")
    func list(_ title: String, _ ports: [OnnxModel.Port]) {
      lines += ["", title]
      for port in ports {
        lines.append(
          "  \(printable(port.name, limit: 100))  \(port.type?.name ?? "not a tensor that is read")  \(port.shapeText)"
        )
      }
    }
    list("Inputs", model.inputs)
    list("Outputs", model.outputs)
    if !model.metadata.isEmpty {
      lines += ["", "Metadata"]
      let width = min(30, model.metadata.map { printable($0.name).count }.max() ?? 0)
      for (name, text) in model.metadata {
        lines.append("  " + pad(printable(name, limit: 60), width) + "  " + printable(text, limit: 200))
      }
    }
    lines += ["", "Operators"]
    for (name, count) in model.operatorCounts {
      lines.append("  \(pad(printable(name, limit: 60), 24)) \(count)")
    }
    if let graph {
      let shapes = graph.inputs.map { "\(graph.shape($0))" }.joined(separator: ", ")
      lines += ["", "For an input \(shapes)"]
      for output in graph.outputs {
        lines.append("  \(printable(output.name, limit: 100)) is \(graph.shape(output))")
      }
      lines.append("  \(short(operations / 1e9)) thousand million operations")
      for (name, tiling) in zip(["rows", "columns"], tilings) {
        lines.append(
          "  \(name): "
            + (tiling.map {
              "halo \($0.before) before, \($0.after) behind; receptive field \($0.receptiveField); sizes in multiples of \($0.stride); \($0.scale) cells out for each in"
            } ?? "an output depends on the whole input"))
      }
    }
    lines += ["", "Parameters"]
    let width = min(60, model.initialiserList.map { printable($0.name).count }.max() ?? 0)
    for tensor in model.initialiserList {
      var line =
        "  " + pad(printable(tensor.name, limit: 200), width) + "  " + pad(tensor.type.name, 8) + "  "
      line += tensor.extents.isEmpty ? "one number" : tensor.extents.map(String.init).joined(separator: " x ")
      if let file = tensor.file { line += "  in \(printable(file, limit: 100))" }
      lines.append(line)
    }
    if let reason { lines += ["", "Wrong", "  it cannot be run here: " + printable(reason)] }
    return lines.joined(separator: "\n") + "\n"
  }

  /// The schema is named in the document: `isotach.onnx/1`.
  public var json: String {
    func ports(_ ports: [OnnxModel.Port]) -> JSONValue {
      .array(
        ports.map { port in
          .object([
            ("name", .string(port.name)), ("type", port.type.map { .string($0.name) } ?? .null),
            (
              "shape",
              port.extents.map {
                .array(
                  $0.map {
                    switch $0 {
                    case .fixed(let number): .integer(number)
                    case .named(let name): .string(name)
                    case .open: .null
                    }
                  })
              } ?? .null
            ),
          ])
        })
    }
    var entries: [(String, JSONValue)] = [
      ("schema", .string("isotach.onnx/1")), ("path", .string(model.path)), ("format", .string("onnx")),
      ("bytes", .integer(fileBytes)), ("opset", .integer(model.opset)),
      ("irVersion", .integer(model.irVersion)),
      ("producer", model.producer.map { .string($0) } ?? .null),
      ("inputs", ports(model.inputs)), ("outputs", ports(model.outputs)),
      ("metadata", .object(model.metadata.map { ($0.name, .string($0.text)) })),
      ("operators", .object(model.operatorCounts.map { ($0.name, .integer($0.count)) })),
      (
        "nodes",
        .array(
          model.nodes.map {
            .object([
              ("name", .string($0.name)), ("operator", .string($0.type)),
              ("inputs", .array($0.inputs.map { .string($0) })),
              ("outputs", .array($0.outputs.map { .string($0) })),
            ])
          })
      ),
      (
        "parameters",
        .array(
          model.initialiserList.map { tensor in
            .object([
              ("name", .string(tensor.name)), ("type", .string(tensor.type.name)),
              ("shape", .array(tensor.extents.map { .integer($0) })),
              ("file", tensor.file.map { .string($0) } ?? .null),
            ])
          })
      ),
    ]
    if let graph {
      entries.append(
        (
          "trial",
          .object([
            (
              "inputs",
              .object(graph.inputs.map { ($0.name, .array(graph.shape($0).extents.map { .integer($0) })) })
            ),
            (
              "outputs",
              .object(graph.outputs.map { ($0.name, .array(graph.shape($0).extents.map { .integer($0) })) })
            ),
            ("operations", .number(operations)),
          ])
        ))
      entries.append(
        (
          "halo",
          .array(
            tilings.map { tiling in
              tiling.map {
                .object([
                  ("before", .integer($0.before)), ("after", .integer($0.after)),
                  ("receptiveField", .integer($0.receptiveField)), ("multiple", .integer($0.stride)),
                  ("scale", .string($0.scale.description)),
                ])
              } ?? .null
            })
        ))
    }
    entries.append(("errors", .array(reason.map { [.string($0)] } ?? [])))
    return JSONValue.object(entries).document
  }
}
