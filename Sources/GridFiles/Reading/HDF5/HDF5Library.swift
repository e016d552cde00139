import CHDF5

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// What all our use of the HDF5 C library shares.
@IOLane enum HDF5Library {
  private static var isPrepared = false

  /// To be called before anything else of HDF5: no printing, no plug-ins (code from `HDF5_PLUGIN_PATH`).
  static func prepare() {
    guard !isPrepared else { return }
    isPrepared = true
    // These would let the environment redirect where data come from.
    unsetenv("HDF5_EXTFILE_PREFIX")
    unsetenv("HDF5_VDS_PREFIX")
    unsetenv("HDF5_EXT_PREFIX")
    // At the end of the process it would close what is still open, from another thread.
    H5dont_atexit()
    H5open()
    H5Eset_auto2(hid_t(H5E_DEFAULT), nil, nil)
    H5PLset_loading_state(0)
  }

  /// The innermost message of HDF5's error stack, and empties the stack.
  static func cause() -> String {
    let found = Messages()
    let context = unsafe Unmanaged.passUnretained(found).toOpaque()
    unsafe _ = H5Ewalk2(hid_t(H5E_DEFAULT), H5E_WALK_DOWNWARD, collectMessage, context)
    H5Eclear2(hid_t(H5E_DEFAULT))
    // The stack ends at the function that found the fault.
    return found.texts.last { !$0.isEmpty } ?? "the HDF5 library gives no reason"
  }
}

private final class Messages {
  var texts: [String] = []
}

// Called by HDF5 on the lane's thread, outside of what the compiler can see.
private func collectMessage(
  _ number: UInt32, _ error: UnsafePointer<H5E_error2_t>?, _ context: UnsafeMutableRawPointer?
) -> herr_t {
  guard let error = unsafe error, let context = unsafe context, let text = unsafe error.pointee.desc else {
    return 0
  }
  unsafe Unmanaged<Messages>.fromOpaque(context).takeUnretainedValue().texts.append(String(cString: text))
  return 0
}

/// An HDF5 identifier that is closed when it goes out of scope.
struct HDF5Handle: ~Copyable {
  let id: hid_t

  /// Nil when HDF5 gave no identifier.
  init?(_ id: hid_t) {
    guard id >= 0 else { return nil }
    self.id = id
  }

  deinit { H5Idec_ref(id) }
}

/// Names of links of a group or attributes of an object, in order.
@IOLane enum HDF5Names {
  /// - Returns: nil when HDF5 cannot list them, or there are more than `limit`.
  static func links(_ group: hid_t, byCreation: Bool, limit: Int) -> [(name: String, kind: H5L_type_t)]? {
    let found = Links(limit)
    let context = unsafe Unmanaged.passUnretained(found).toOpaque()
    let index = byCreation ? H5_INDEX_CRT_ORDER : H5_INDEX_NAME
    let status = unsafe H5Literate(group, index, H5_ITER_INC, nil, collectLink, context)
    return status < 0 || found.isOver ? nil : found.list
  }

  static func attributes(_ object: hid_t, limit: Int) -> [String]? {
    for index in [H5_INDEX_CRT_ORDER, H5_INDEX_NAME] {
      let found = Links(limit)
      let context = unsafe Unmanaged.passUnretained(found).toOpaque()
      let status = unsafe H5Aiterate2(object, index, H5_ITER_INC, nil, collectAttribute, context)
      if status >= 0, !found.isOver { return found.list.map(\.name) }
    }
    return nil
  }
}

private final class Links {
  var list: [(name: String, kind: H5L_type_t)] = []
  let limit: Int
  var isOver = false
  init(_ limit: Int) { self.limit = limit }
  func add(_ name: String, _ kind: H5L_type_t) -> herr_t {
    guard list.count < limit else {
      isOver = true
      return 1
    }
    list.append((name, kind))
    return 0
  }
}

private func collectLink(
  _ group: hid_t, _ name: UnsafePointer<CChar>?, _ info: UnsafePointer<H5L_info_t>?,
  _ context: UnsafeMutableRawPointer?
) -> herr_t {
  guard let name = unsafe name, let info = unsafe info, let context = unsafe context else { return -1 }
  return unsafe Unmanaged<Links>.fromOpaque(context).takeUnretainedValue()
    .add(String(cString: name), info.pointee.type)
}

private func collectAttribute(
  _ object: hid_t, _ name: UnsafePointer<CChar>?, _ info: UnsafePointer<H5A_info_t>?,
  _ context: UnsafeMutableRawPointer?
) -> herr_t {
  guard let name = unsafe name, let context = unsafe context else { return -1 }
  return unsafe Unmanaged<Links>.fromOpaque(context).takeUnretainedValue()
    .add(String(cString: name), H5L_TYPE_HARD)
}
