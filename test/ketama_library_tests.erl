%% Where the shared library is looked for, and what the error says if there is none for this VM. Each VM here has the
%% modules in a folder that is not named after the application.
-module(ketama_library_tests).

-include_lib("eunit/include/eunit.hrl").

-define(ASK, "{ok, C} = ketama:new([{\"a\", 1}]), io:put_chars(ketama:getserver(C, \"k\"))").

missing_or_wrong_test_() ->
    in_a_folder(fun(_Folder, Ebin, Library) ->
        says(Ebin, [Library, "is missing", "rebar3 compile"]),
        ok = file:write_file(Library, "no library"),
        says(Ebin, [Library, "Failed to load NIF library"]),
        {ok, _} = file:copy(filename:join(code:priv_dir(crypto), "lib/crypto.so"), Library),
        says(Ebin, ["'crypto' does not match"]),
        %% A wrong library in priv/ is an error, even if the environment names another.
        says([Ebin], set(ours()), ["'crypto' does not match"])
    end).

%% Only on Linux can the VM read its own header, from /proc/self/exe.
other_machine_test_() ->
    [
        in_a_folder(fun(_Folder, Ebin, Library) ->
            {ok, <<Header:18/binary, _Processor:16, Rest/binary>>} = file:read_file(ours()),
            ok = file:write_file(Library, <<Header/binary, 16#FFFE:16, Rest/binary>>),
            says(Ebin, [Library, "for another kind of machine"])
        end)
     || filelib:is_file("/proc/self/exe")
    ].

%% The code path names the folder of the modules as "." or "..".
relative_code_path_test_() ->
    in_a_folder(fun(_Folder, Ebin, Library) ->
        {ok, _} = file:copy(ours(), Library),
        asked([], in(Ebin, ?ASK)),
        Below = filename:join(Ebin, "below"),
        ok = filelib:ensure_dir(filename:join([Below, "priv", "x"])),
        asked([], in(Below, ["true = code:add_patha(\"..\"), " ?ASK]))
    end).

wrong_environment_test_() ->
    in_a_folder(fun(_Folder, Ebin, _Library) ->
        [
            says([Ebin], set(Path), ["{ketama, [{library, ", "is no absolute path"])
         || Path <- ["libketama_nif.so", "", 42, atom, {a, b}, [$/, 0, $a], [$/ | $a]]
        ]
    end).

cover_compiled_test_() ->
    in_a_folder(fun(_Folder, Ebin, Library) ->
        {ok, _} = file:copy(ours(), Library),
        asked([Ebin], "{ok, _} = cover:compile_beam(ketama_nif), " ?ASK)
    end).

%% A module loaded from no folder, and then one in an escript: a priv/ in the working directory is ignored, and the
%% environment may name the library, with or without .so.
of_no_folder_test_() ->
    in_a_folder(fun(Folder, Ebin, Library) ->
        {ok, _} = file:copy(ours(), Library),
        Nif = filename:join(Ebin, "ketama_nif.beam"),
        Aside = filename:join(Folder, "ketama_nif"),
        ok = file:rename(Nif, Aside),
        Load = io_lib:format("{ok, B} = file:read_file(~p), code:load_binary(ketama_nif, ~p, B), ", [Aside, Nif]),
        says([Ebin], in(Folder, Load), ["is in no folder", "set {ketama, [{library, Path}]}"]),
        says([Ebin], in(Folder, [set("priv/libketama_nif"), Load]), ["is no absolute path"]),
        [
            asked([Ebin], [set(Path), Load, ?ASK])
         || Path <- [Library, filename:rootname(Library), unicode:characters_to_binary(Library)]
        ]
    end).

escript_test_() ->
    in_a_folder(fun(Folder, Ebin, Library) ->
        {ok, _} = file:copy(ours(), Library),
        Missing = escript(Folder, Ebin, complain()),
        has(Missing, [filename:join(Folder, "fleet/ketama/priv"), "is missing"]),
        ?assertEqual("a", escript(Folder, Ebin, [set(Library), ?ASK]))
    end).

%% Returns the output of an escript that contains the modules and runs Code in the folder.
escript(Folder, Ebin, Code) ->
    Main = filename:join(Folder, "fleet.erl"),
    ok = file:write_file(Main, ["-module(fleet).\n-export([main/1]).\nmain(_) -> ", Code, "."]),
    {ok, fleet, Fleet} = compile:file(Main, [binary]),
    Files = [
        begin
            {ok, Contents} = file:read_file(File),
            {"ketama/ebin/" ++ filename:basename(File), Contents}
        end
     || File <- filelib:wildcard(filename:join(Ebin, "*"))
    ],
    {ok, {_, Archive}} = zip:create("fleet", [{"fleet/ebin/fleet.beam", Fleet} | Files], [memory]),
    Arguments = "-escript main fleet -pa fleet/ketama/ebin",
    Escript = filename:join(Folder, "fleet"),
    ok = escript:create(Escript, [shebang, {emu_args, Arguments}, {archive, Archive}]),
    ok = file:change_mode(Escript, 8#755),
    os:cmd("cd '" ++ Folder ++ "' && ./fleet").

%% Runs Test with a folder, its ebin, which has the modules, and the path of its library.
in_a_folder(Test) ->
    {timeout, 300, fun() ->
        ketama_test:in_folder(fun(Folder) ->
            [Ebin, Priv] = [filename:join(Folder, Name) || Name <- ["ebin", "priv"]],
            ok = file:make_dir(Ebin),
            ok = file:make_dir(Priv),
            [
                {ok, _} = file:copy(File, filename:join(Ebin, filename:basename(File)))
             || File <- filelib:wildcard(filename:join(ketama_test:ebin(), "ketama*"))
            ],
            Test(Folder, Ebin, filename:join(Priv, "libketama_nif.so"))
        end)
    end}.

ours() ->
    filename:join(filename:dirname(ketama_test:ebin()), "priv/libketama_nif.so").

in(Folder, Code) ->
    [io_lib:format("ok = file:set_cwd(~p), ", [Folder]), Code].

set(Library) ->
    io_lib:format("ok = application:load(ketama), ok = application:set_env(ketama, library, ~p), ", [Library]).

asked(Folders, Code) ->
    ?assertEqual("a", ketama_test:erl(Folders, lists:flatten(Code))).

says(Ebin, Parts) ->
    says([Ebin], "", Parts).

says(Folders, Code, Parts) ->
    has(ketama_test:erl(Folders, lists:flatten([Code, complain()])), Parts).

%% Prints the library's error, which every function that needs the library returns.
complain() ->
    "process_flag(trap_exit, true),"
    " {error, Reason} = ketama:new([{\"a\", 1}]),"
    " {error, Reason} = ketama:start_link([\"a\"], #{name => a}),"
    " {error, Reason} = ketama_watcher:start_link(#{servers_file => \"none\"}),"
    " io:format(\"~p~n~ts\", [Reason, ketama:format_error(Reason)])".

has(Output, Parts) ->
    [?assertNotEqual({nomatch, Output}, {string:find(Output, Part), Output}) || Part <- ["{nif_not_loaded," | Parts]].
