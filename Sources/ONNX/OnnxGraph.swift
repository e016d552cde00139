import Basics
import Compute
import Networks
import Tensors

/// A model as a graph for inputs of given extents, and the numbers that belong to it.
public struct OnnxGraph: Sendable {
  /// A tensor at the border of the graph.
  public struct Port: Sendable {
    public let name: String
    public let value: Value
    /// The type that the model gives it; in the graph all numbers are float32.
    public let type: ElementType
  }

  public let graph: Graph
  public let path: String
  public let inputs: [Port]
  public let outputs: [Port]
  /// The tensors of the file that the graph's parameters are.
  let tensors: [String: TensorNumbers]

  public func shape(_ port: Port) -> Shape { graph.shape(port.value) }

  /// What the graph is computed for: all outputs, by name.
  public var goals: Goals { Goals(outputs: outputs.map { ($0.name, $0.value) }) }

  /// Reads the numbers of the parameters that the outputs depend on.
  public func parameters() throws(ModelError) -> Parameters {
    let needed = Set(graph.nodes(for: outputs.map(\.value)).flatMap { graph.nodes[$0].call.inputs })
      .union(outputs.map(\.value))
    let names = Set(
      needed.compactMap { if case .parameter(let name) = graph.origin($0) { name } else { nil } })
    let result: Parameters
    do {
      result = try Parameters(try ParameterLayout(graph.parameters.filter { names.contains($0.name) }))
    } catch {
      throw ModelError(.unsupported, path: path, error.description)
    }
    for entry in result.layout.entries {
      guard let tensor = tensors[entry.name] else { continue }
      do { try tensor.fill(result[entry].values) } catch {
        throw ModelError(
          error.modelKind, path: path, subject: "initialiser `\(printable(entry.name, limit: 200))`",
          error.cause)
      }
    }
    return result
  }
}

extension OnnxModel {
  /// Levels of functions within functions.
  private static let deepestCall = 32

  /// The graph for inputs of these extents.
  ///
  /// - Parameters:
  ///   - shapes: of the inputs by name; one with fixed extents may be left out. Symbolic extents take the same number
  ///     wherever they stand.
  ///   - given: numbers of inputs that must be known to make the graph: a shape, axes, the sizes of a resize.
  /// - Throws: `ModelError` with the node, the operator and all shapes.
  public func graph(_ shapes: [String: Shape] = [:], given: [String: [Double]] = [:]) throws(ModelError)
    -> OnnxGraph
  {
    let reading = GraphReading(path: path, given: given)
    let stored = Dictionary(initialisers.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    let scope = OnnxScope(reading, stored)
    var ports: [OnnxGraph.Port] = []
    var bound: [String: (extent: Int, input: String)] = [:]
    for port in inputs {
      let shape = try bind(port, shapes[port.name], &bound)
      guard let type = port.type else {
        throw fault(port.name, .unsupported, "it is no tensor of a type that is read")
      }
      if let numbers = given[port.name], numbers.count != shape.count {
        throw fault(port.name, .mismatch, "\(numbers.count) numbers are given for \(shape)")
      }
      let value: Value
      do { value = try reading.graph.input(port.name, shape) } catch {
        throw fault(port.name, .damaged, error.cause)
      }
      scope[port.name] = OnnxValue(value, type)
      ports.append(.init(name: port.name, value: value, type: type))
    }
    try read(proto.graph.node, opset, reading, scope, depth: 0)
    var results: [OnnxGraph.Port] = []
    for port in outputs {
      let found: OnnxValue?
      do { found = try scope.find(port.name) } catch { throw fault(port.name, error.modelKind, error.cause) }
      guard let value = found else { throw fault(port.name, .damaged, "it is made by nothing") }
      results.append(.init(name: port.name, value: value.value, type: port.type ?? value.type))
    }
    return OnnxGraph(
      graph: reading.graph, path: path, inputs: ports, outputs: results, tensors: reading.parameters)
  }

  private func fault(_ port: String, _ kind: ModelError.Kind, _ cause: String) -> ModelError {
    ModelError(kind, path: path, subject: "`\(printable(port, limit: 200))`", cause)
  }

  /// The shape of an input: what is given, when it is as the model wants it.
  private func bind(_ port: Port, _ shape: Shape?, _ bound: inout [String: (extent: Int, input: String)])
    throws(ModelError) -> Shape
  {
    guard let shape else {
      var extents: [Int] = []
      for extent in port.extents ?? [.open] {
        switch extent {
        case .fixed(let number): extents.append(number)
        case .named(let name) where bound[name] != nil: extents.append(bound[name]?.extent ?? 0)
        default:
          throw fault(
            port.name, .mismatch, "the model leaves its shape open, so it must be given: \(port.shapeText)")
        }
      }
      do { return try Shape(extents) } catch { throw fault(port.name, .unsupported, error.description) }
    }
    guard let wanted = port.extents else { return shape }
    let fits =
      wanted.count == shape.rank
      && zip(wanted, shape.extents).allSatisfy { wanted, extent in
        switch wanted {
        case .fixed(let number): number == extent
        case .named, .open: true
        }
      }
    guard fits else {
      throw ModelError(
        .mismatch, path: path, subject: "`\(printable(port.name, limit: 200))`", "its shape",
        expected: port.shapeText,
        found: shape.description)
    }
    for case (.named(let name), let extent) in zip(wanted, shape.extents) {
      if let other = bound[name], other.extent != extent {
        throw fault(
          port.name, .mismatch,
          "the model's extent `\(printable(name, limit: 60))` is \(extent) here and \(other.extent) in `\(printable(other.input, limit: 60))`"
        )
      }
      bound[name] = (extent, port.name)
    }
    return shape
  }

  /// Reads nodes one after another; calls of the model's own functions are replaced by what they consist of.
  private func read(
    _ nodes: [Onnx_NodeProto], _ opset: Int, _ reading: GraphReading, _ scope: OnnxScope, depth: Int,
    attributes given: [String: Onnx_AttributeProto] = [:]
  ) throws(ModelError) {
    for (index, node) in nodes.enumerated() {
      do throws(NodeError) {
        var inputs: [OnnxValue?] = []
        for name in node.input {
          if name.isEmpty {
            inputs.append(nil)
            continue
          }
          guard let value = try scope.find(name) else {
            throw NodeError(.damaged, "its input `\(printable(name, limit: 200))` is made by nothing")
          }
          inputs.append(value)
        }
        var attributes: [String: Onnx_AttributeProto] = [:]
        for attribute in node.attribute {
          var attribute = attribute
          if !attribute.refAttrName.isEmpty {
            guard let value = given[attribute.refAttrName] else { continue }
            let name = attribute.name
            attribute = value
            attribute.name = name
          }
          guard attributes.updateValue(attribute, forKey: attribute.name) == nil else {
            throw NodeError(
              .damaged, "its attribute `\(printable(attribute.name, limit: 100))` is there twice")
          }
        }
        try reading.countNode()
        var outputs: [OnnxValue]
        let key = FunctionKey(domain: node.domain, name: node.opType, overload: node.overload)
        if let function = functions[key] {
          guard depth < Self.deepestCall else {
            throw NodeError(.damaged, "functions call each other more than \(Self.deepestCall) deep")
          }
          outputs = try call(function, inputs, attributes, reading, depth)
        } else if Self.isOwn(node.domain), let operation = operatorsByName[node.opType] {
          reading.graph.path = node.name.isEmpty ? node.output.first ?? "" : node.name
          reading.output = node.output.first ?? ""
          let reader = NodeReader(
            reading, opset: opset, inputs: inputs, attributes: attributes, outputCount: node.output.count,
            inline: { (branch) throws(NodeError) in
              try self.inline(branch, opset, reading, scope, depth, given)
            })
          outputs = try operation.read(reader)
          try reader.expectAllAsked()
        } else {
          throw NodeError(.unsupported, "there is no such operator")
        }
        for (position, name) in node.output.enumerated() where !name.isEmpty {
          guard position < outputs.count else {
            throw NodeError(
              .unsupported, "its output \(position), `\(printable(name, limit: 200))`, is not made here")
          }
          scope[name] = outputs[position]
        }
      } catch {
        throw ModelError(error.modelKind, path: path, subject: Self.title(node, index), error.cause)
      }
    }
  }

  private func call(
    _ function: Onnx_FunctionProto, _ inputs: [OnnxValue?], _ attributes: [String: Onnx_AttributeProto],
    _ reading: GraphReading, _ depth: Int
  ) throws(NodeError) -> [OnnxValue] {
    let scope = OnnxScope(reading, [:])
    for (name, value) in zip(function.input, inputs) { scope[name] = value }
    var given: [String: Onnx_AttributeProto] = [:]
    for attribute in function.attributeProto { given[attribute.name] = attribute }
    for name in function.attribute { given[name] = attributes[name] }
    for (name, value) in attributes where given[name] != nil { given[name] = value }
    let opset =
      function.opsetImport.first { Self.isOwn($0.domain) }.flatMap { Int(exactly: $0.version) } ?? opset
    do throws(ModelError) {
      try read(function.node, opset, reading, scope, depth: depth + 1, attributes: given)
    } catch {
      throw NodeError(.mismatch, "in the function: \(error.subject ?? ""): \(error.sentence)")
    }
    var outputs: [OnnxValue] = []
    for name in function.output {
      guard let value = try scope.find(name) else {
        throw NodeError(.damaged, "the function's output `\(printable(name, limit: 200))` is made by nothing")
      }
      outputs.append(value)
    }
    return outputs
  }

  /// The nodes of a branch, put where the node stands; they see the names outside.
  private func inline(
    _ branch: Onnx_GraphProto, _ opset: Int, _ reading: GraphReading, _ outer: OnnxScope, _ depth: Int,
    _ given: [String: Onnx_AttributeProto]
  ) throws(NodeError) -> [OnnxValue] {
    guard depth < Self.deepestCall else {
      throw NodeError(.damaged, "branches are nested more than \(Self.deepestCall) deep")
    }
    var stored: [String: TensorNumbers] = [:]
    for tensor in branch.initializer {
      guard stored.updateValue(try TensorNumbers(tensor, path: path), forKey: tensor.name) == nil else {
        throw NodeError(.damaged, "the initialiser `\(printable(tensor.name, limit: 200))` is there twice")
      }
    }
    let scope = OnnxScope(reading, stored, outer: outer)
    do throws(ModelError) {
      try read(branch.node, opset, reading, scope, depth: depth + 1, attributes: given)
    } catch {
      throw NodeError(.mismatch, "in the branch: \(error.subject ?? ""): \(error.sentence)")
    }
    var outputs: [OnnxValue] = []
    for port in branch.output {
      guard let value = try scope.find(port.name) else {
        throw NodeError(
          .damaged, "the branch's output `\(printable(port.name, limit: 200))` is made by nothing")
      }
      outputs.append(value)
    }
    return outputs
  }
}

extension OnnxModel.Port {
  /// `[batch x 5 x ? x ?]`.
  public var shapeText: String {
    guard let extents else { return "of any shape" }
    return "["
      + extents.map {
        switch $0 {
        case .fixed(let number): "\(number)"
        case .named(let name): printable(name, limit: 60)
        case .open: "?"
        }
      }.joined(separator: " x ") + "]"
  }
}
