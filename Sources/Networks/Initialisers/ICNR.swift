import Basics
import Compute
import Tensors

/// For a convolution in front of a sub-pixel layer (depth to space, PyTorch's `PixelShuffle`): the filters of all
/// sub-pixels of a channel begin alike, so the first output is the nearest neighbour's, without a checkerboard
/// (Aitken et al. 2017). The outputs of a weight [channels x scale^d, ...] follow each other as [channel,
/// sub-pixel]; d is the number of dimensions behind the first two. A weight whose outputs are no multiple of
/// scale^d begins as `initialiser` says.
public struct ICNR: Initialiser {
  public static let declaration = Declaration(
    name: "icnr", summary: "the sub-pixels of a channel alike, against checkerboards (Aitken et al. 2017)",
    keys: [
      Key("scale", .integer, default: "2", "sub-pixels along each dimension"),
      Key(
        "initialiser", .other("an initialiser: a name, or a mapping with one name and its keys"),
        default: "he", "of each filter"),
    ])
  public let scale: Int
  public let inner: any Initialiser

  public init(scale: Int = 2, _ inner: any Initialiser = He()) { (self.scale, self.inner) = (scale, inner) }
  public init(_ arguments: Arguments) throws(PlanError) {
    scale = try arguments.whole("scale", minimum: 1, to: 64) ?? 2
    let decoding = Decoding()
    let given = decoding.initialiser(arguments)
    if let fault = decoding.faults.first { throw fault }
    inner = given ?? He()
  }
  public var keys: [(String, ConfigValue)] {
    let isUsual = inner is He && inner.keys.isEmpty
    return changed(("scale", Double(scale), 2)) + (isUsual ? [] : [("initialiser", inner.configuration)])
  }

  public func fill(_ parameter: Operand<Float>, fan: Fan, _ stream: inout RandomStream) {
    let extents = parameter.shape.extents
    let pixels = extents.dropFirst(2).reduce(1) { count, _ in count * scale }
    guard let outputs = extents.first, outputs > 0, pixels > 0, outputs % pixels == 0,
      let shape = try? Shape([outputs / pixels] + extents.dropFirst())
    else { return inner.fill(parameter, fan: fan, &stream) }
    let numbers = UnsafeMutableBufferPointer<Float>.allocate(capacity: shape.count)
    unsafe numbers.initialize(repeating: 0)
    defer { unsafe numbers.deallocate() }
    let filters = unsafe Operand(shape, numbers)
    inner.fill(filters, fan: Fan(input: fan.input, output: max(1, fan.output / pixels)), &stream)
    let size = parameter.count / outputs
    for index in 0..<parameter.count {
      let (output, place) = index.quotientAndRemainder(dividingBy: size)
      parameter[index] = filters[output / pixels * size + place]
    }
  }
}
