//! What must not compile, each beside what must: the two differ in one line, so that the one fails for
//! the reason that its name gives.
//!
//! Run as documentation tests; part of no build. A test of a rule has the rule's id in its name.

/// What every example starts with.
macro_rules! setup {
    () => {
        "
# use dma::*; use hal::*; use sim::Machine;
# let machine = Machine::default();
# let (dma, inspector) = Dma::new(machine.clone(), Bouncing::AsNeeded, None).unwrap();
# let builder = DmaDevice::builder(\"d\").windows(machine.bus().windows());
# let device = builder.build(&machine.ram()).unwrap();
# let page = || Pages::alloc(machine.clone(), 64, Zone::Dma).unwrap();
"
    };
}

/// One rule: lines before, the line that is right and the one that is wrong, lines after.
macro_rules! misuse {
    ($($name:ident, $error:literal: $before:literal, right $right:literal, wrong $wrong:literal, $after:literal;)*) => {
        $(
            #[doc = concat!("```\n", setup!(), $before, "\n", $right, "\n", $after, "\n```")]
            #[doc = concat!("```compile_fail,", $error, "\n", setup!(), $before, "\n", $wrong, "\n", $after, "\n```")]
            #[expect(non_camel_case_types, reason = "named as tests are")]
            pub struct $name;
        )*
    };
}

misuse! {
    own_1_no_cpu_access_to_a_buffer_that_a_device_has, "E0382":
        "let page = page(); let mapping = dma.map(&device, page, ToDevice).unwrap();",
        right "let page = mapping.unmap();",
        wrong "let other = mapping.unmap();",
        "page.bytes(&machine);";
    own_1_no_end_of_a_mapping_while_the_cpu_looks_at_it, "E0505":
        "let mut mapping = dma.map(&device, page(), ToDevice).unwrap(); let view = mapping.for_cpu();",
        right "drop(view);",
        wrong "let _ = &view;",
        "mapping.unmap();";
    own_6_direction_is_not_given_twice, "E0061":
        "let mapping = dma.map(&device, page(), FromDevice).unwrap();",
        right "mapping.unmap();",
        wrong "mapping.unmap(ToDevice);",
        "";
    own_3_what_a_device_writes_is_mapped_for_it, "E0277":
        "fn target<D: DeviceWrites>(_: D) {}",
        right "target(FromDevice);",
        wrong "target(ToDevice);",
        "";
    own_4_unmap_is_given_no_device, "E0061":
        "let mapping = dma.map(&device, page(), ToDevice).unwrap();",
        right "mapping.unmap();",
        wrong "mapping.unmap(&device);",
        "";
    own_5_a_buffer_is_mapped_twice_as_shared_alone, "E0382":
        "let shared = dma.share(page());",
        right "let first = dma.map_shared(&device, shared.clone(), ToDevice);",
        wrong "let first = dma.map_shared(&device, shared, ToDevice);",
        "dma.map_shared(&device, shared, ToDevice).unwrap();";
    own_5_a_mapped_buffer_is_not_mapped_again, "E0382":
        "let page = page(); let mapping = dma.map(&device, page, ToDevice).unwrap();",
        right "let page = mapping.unmap();",
        wrong "let _ = &mapping;",
        "dma.map(&device, page, ToDevice).unwrap();";
    map_1_dbg_9_a_refusal_is_no_address, "E0599":
        "let result = dma.map(&device, page(), ToDevice);",
        right "let mapping = result.unwrap();",
        wrong "let mapping = result;",
        "mapping.len(); mapping.unmap();";
    cm_9_own_2_nothing_in_flight_is_looked_at, "E0599":
        "struct Done(EngineId);
         unsafe impl Engine for &Done { fn id(&self) -> EngineId { self.0 } fn halt(&self) -> Halt { Halt::Confirmed } }
         let done = Done(EngineId::new());
         let (_, flight) = unsafe { dma.map(&device, page(), Bidirectional).unwrap().launch(&done) };",
        right "let mut mapping = flight.end().unwrap();",
        wrong "let mut mapping = flight;",
        "mapping.for_cpu();";
    map_3_there_is_no_direction_none, "E0277":
        "",
        right "dma.map(&device, page(), ToDevice).unwrap();",
        wrong "dma.map(&device, page(), ()).unwrap();",
        "";
    ps_6_what_the_device_alone_writes_is_not_written_by_the_cpu, "E0594":
        "let mut mapping = dma.map(&device, page(), FromDevice).unwrap();",
        right "let _ = mapping.for_cpu()[0];",
        wrong "mapping.for_cpu()[0] = 1;",
        "";
    tr_2_addresses_of_cpu_and_bus_are_not_mixed, "E0308":
        "let page = page();",
        right "let start: PhysAddr = page.range().start();",
        wrong "let start: DmaAddr = page.range().start();",
        "";
    a_mapping_at_rest_tells_nobody_its_address, "E0599":
        "let mapping = dma.map(&device, page(), ToDevice).unwrap();",
        right "mapping.len();",
        wrong "mapping.addr();",
        "";
    mask_1_there_is_no_device_without_a_mask, "E0308":
        "let builder = DmaDevice::builder(\"d\");",
        right "let builder = builder.mask(DmaMask::bits(32));",
        wrong "let builder = builder.mask(None);",
        "builder.build(&machine.ram()).unwrap();";
    dev_2_limits_do_not_change_after_probe, "E0594":
        "",
        right "let _ = device.limits().granule;",
        wrong "device.limits().granule = 4;",
        "";
    mask_5_no_device_is_made_without_a_look_at_ram, "E0061":
        "let builder = DmaDevice::builder(\"d\");",
        right "builder.build(&machine.ram()).unwrap();",
        wrong "builder.build().unwrap();",
        "";
    attr_2_skip_sync_takes_nothing_but_what_a_device_owns, "E0308":
        "let mapping = dma.map(&device, page(), ToDevice).unwrap();",
        right "let buffer = mapping.unmap_skip_sync();",
        wrong "let buffer = mapping.unmap();",
        "dma.map_device_owned(&device, buffer, ToDevice).unwrap();";
    attr_2_no_cpu_access_to_what_a_device_owns, "E0599":
        "let owned = dma.map(&device, page(), ToDevice).unwrap().unmap_skip_sync();",
        right "let buffer = owned.reclaim();",
        wrong "let buffer = owned;",
        "buffer.bytes(&machine);";
    attr_5_no_cpu_access_to_what_devices_share, "E0080":
        "let mut mapping = dma.map_shared(&device, dma.share(page()), ToDevice).unwrap();",
        right "mapping.len();",
        wrong "mapping.for_cpu();",
        "";
    attr_5_what_is_shared_is_mapped_as_such, "E0080":
        "let shared = dma.share(page());",
        right "dma.map_shared(&device, shared, ToDevice).unwrap();",
        wrong "dma.map(&device, shared, ToDevice).unwrap();",
        "";
    attr_2_skip_sync_of_a_list_takes_nothing_but_what_devices_own, "E0308":
        "let mut table = SgTable::with_capacity(1, 1).unwrap(); table.push(page()).ok().unwrap();
         let list = dma.map_sg(&device, table, ToDevice).unwrap();",
        right "let list = list.unmap_skip_sync();",
        wrong "let list = list.unmap();",
        "dma.map_sg_device_owned(&device, list, ToDevice).unwrap();";
    attr_5_no_cpu_access_to_a_list_that_devices_share, "E0080":
        "let mut table = SgTable::with_capacity(1, 1).unwrap(); table.push(dma.share(page())).ok().unwrap();
         let mut list = dma.map_sg_shared(&device, table, ToDevice).unwrap();",
        right "list.len();",
        wrong "list.for_cpu_all();",
        "";
    attr_5_no_cpu_access_to_an_element_that_devices_share, "E0080":
        "let mut table = SgTable::with_capacity(1, 1).unwrap(); table.push(dma.share(page())).ok().unwrap();
         let mut list = dma.map_sg_shared(&device, table, ToDevice).unwrap();",
        right "list.elements();",
        wrong "list.for_cpu(0);",
        "";
    attr_5_a_list_of_what_is_shared_is_mapped_as_such, "E0080":
        "let mut table = SgTable::with_capacity(1, 1).unwrap(); table.push(dma.share(page())).ok().unwrap();",
        right "dma.map_sg_shared(&device, table, ToDevice).unwrap();",
        wrong "dma.map_sg(&device, table, ToDevice).unwrap();",
        "";
    ps_6_of_a_list_what_the_device_alone_writes_is_not_written_by_the_cpu, "E0277":
        "let mut table = SgTable::with_capacity(1, 1).unwrap(); table.push(page()).ok().unwrap();
         let mut list = dma.map_sg(&device, table, FromDevice).unwrap();",
        right "list.for_cpu_all().copy_to_slice(&mut [1]);",
        wrong "list.for_cpu_all().copy_from_slice(&[1]);",
        "";
    an_exposed_list_is_unmapped_by_whoever_vouches_for_its_device, "E0133":
        "let mut table = SgTable::with_capacity(1, 1).unwrap(); table.push(page()).ok().unwrap();
         let ring = unsafe { dma.map_sg(&device, table, ToDevice).unwrap().expose() };",
        right "unsafe { ring.unmap() };",
        wrong "ring.unmap();",
        "";
    an_exposed_mapping_is_unmapped_by_whoever_vouches_for_its_device, "E0133":
        "let (_, ring) = unsafe { dma.map(&device, page(), ToDevice).unwrap().expose() };",
        right "unsafe { ring.unmap() };",
        wrong "ring.unmap();",
        "";
    we_3_one_report_ends_a_transfer, "E0382":
        "let mapping = dma.map(&device, page(), FromDevice::REPORTED).unwrap();
         let done = mapping.complete(1).unwrap();",
        right "let filled = done.unmap();",
        wrong "let filled = mapping.complete(2).unwrap().unmap();",
        "filled.len();";
    we_4_no_look_before_the_report, "E0080":
        "let mut mapping = dma.map(&device, page(), FromDevice::REPORTED).unwrap();",
        right "let mut mapping = mapping.complete(1).unwrap();",
        wrong "",
        "mapping.for_cpu();";
    we_4_no_look_at_a_part_before_the_report, "E0080":
        "let mut mapping = dma.map(&device, page(), FromDevice::REPORTED).unwrap();",
        right "mapping.complete(1).unwrap().for_cpu();",
        wrong "mapping.for_cpu_range(0, 1).unwrap();",
        "";
    we_3_no_end_without_a_report, "E0080":
        "let mapping = dma.map(&device, page(), FromDevice::REPORTED).unwrap();",
        right "mapping.abandon();",
        wrong "mapping.unmap();",
        "";
    we_3_no_hand_over_without_a_report, "E0080":
        "let mapping = dma.map(&device, page(), FromDevice::REPORTED).unwrap();",
        right "mapping.abandon();",
        wrong "mapping.unmap_skip_sync();",
        "";
    we_4_bytes_behind_the_report_are_not_read, "E0308":
        "let filled = dma.map(&device, page(), FromDevice::REPORTED).unwrap().abandon();",
        right "let rest: &[core::mem::MaybeUninit<u8>] = &filled.rest();",
        wrong "let rest: &[u8] = &filled.rest();",
        "";
    we_4_what_was_filled_is_not_written_before_it_is_settled, "E0594":
        "let filled = dma.map(&device, page(), FromDevice::REPORTED).unwrap();
         let filled = filled.complete(1).unwrap().unmap();",
        right "filled.into_inner().bytes_mut(&machine)[0] = 1;",
        wrong "filled.bytes()[0] = 1;",
        "";
    we_3_plain_transfers_have_no_report, "E0599":
        "let mapping = dma.map(&device, page(), FromDevice).unwrap();",
        right "mapping.unmap();",
        wrong "mapping.complete(1);",
        "";
    we_3_what_is_shared_has_no_report, "E0080":
        "let shared = dma.share(page());",
        right "dma.map_shared(&device, shared, FromDevice).unwrap();",
        wrong "dma.map_shared(&device, shared, FromDevice::REPORTED).unwrap();",
        "";
    we_3_lists_have_no_report, "E0080":
        "let mut table = SgTable::with_capacity(1, 1).unwrap(); table.push(page()).ok().unwrap();",
        right "dma.map_sg(&device, table, FromDevice).unwrap();",
        wrong "dma.map_sg(&device, table, FromDevice::REPORTED).unwrap();",
        "";
    attr_6_attributes_are_not_given_twice, "E0061":
        "let mapping = dma.map_attrs(&device, page(), ToDevice, Attrs::DEFER_SYNC).unwrap();",
        right "mapping.unmap();",
        wrong "mapping.unmap(Attrs::DEFER_SYNC);",
        "";
    sg_3_the_original_list_is_inside_the_mapped_one, "E0382":
        "let mut table = SgTable::with_capacity(1, 1).unwrap(); table.push(page()).ok().unwrap();
         let list = dma.map_sg(&device, table, ToDevice).unwrap();",
        right "let table = list.unmap();",
        wrong "let other = list.unmap();",
        "table.bytes();";
    sg_3_dbg_6_a_mapped_list_is_given_no_count, "E0061":
        "let mut table = SgTable::with_capacity(1, 1).unwrap(); table.push(page()).ok().unwrap();
         let list = dma.map_sg(&device, table, ToDevice).unwrap();",
        right "list.unmap();",
        wrong "list.unmap(1);",
        "";
    dbg_11_a_look_at_a_list_is_given_no_count, "E0061":
        "let mut table = SgTable::with_capacity(1, 1).unwrap(); table.push(page()).ok().unwrap();
         let mut list = dma.map_sg(&device, table, ToDevice).unwrap();",
        right "list.for_cpu(0);",
        wrong "list.for_cpu(0, 1);",
        "";
    sg_4_a_list_at_rest_tells_nobody_its_segments, "E0624":
        "let mut table = SgTable::with_capacity(1, 1).unwrap(); table.push(page()).ok().unwrap();
         let list = dma.map_sg(&device, table, ToDevice).unwrap();",
        right "list.max_segments();",
        wrong "list.segments();",
        "";
    sg_4_a_device_does_not_tell_what_bounced, "E0599":
        "",
        right "inspector.totals(&device);",
        wrong "device.totals();",
        "";
    sg_4_the_layer_does_not_tell_how_full_the_pool_is, "E0599":
        "",
        right "inspector.pool_usage(&dma);",
        wrong "dma.pool_usage();",
        "";
    sg_4_the_layer_does_not_tell_whether_all_bounces, "E0624":
        "",
        right "inspector.bouncing(&dma);",
        wrong "dma.bouncing();",
        "";
    sg_4_a_device_does_not_tell_what_it_reaches, "E0624":
        "let page = page();",
        right "inspector.reach(&device).reach(page.range());",
        wrong "device.reach().reach(page.range());",
        "";
    sg_4_nobody_asks_the_decision, "E0603":
        "",
        right "use dma::BounceReason;",
        wrong "use dma::decision::route;",
        "";
    sg_4_nobody_makes_an_inspector, "E0423":
        "",
        right "let again = inspector;",
        wrong "let again = Inspector(());",
        "again.totals(&device);";
    sg_4_nobody_copies_an_inspector, "E0599":
        "",
        right "let again = inspector;",
        wrong "let again = inspector.clone();",
        "again.totals(&device);";
}
