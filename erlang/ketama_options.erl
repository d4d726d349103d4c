%% @private Checks options, a map or a list of pairs.
%%
%% The shared library knows which client has which key hash, hash tag or points; what else an option takes stands
%% here.
-module(ketama_options).

-export([ring/1, start_link/1, watcher/1, except/1, child_id/2]).
-export([wrong/2]).

-export_type([scope/0]).

%% Options of ketama:new/2, of ketama:start_link/2, of ketama_watcher:start_link/1, or of a lookup.
-type scope() :: ring | start_link | watcher | lookup.

%% The most characters of a name. An atom has up to 255, and the watcher's atom has the name in it.
-define(MAX_NAME, 200).

%% The most milliseconds that the VM waits, as `ketama_watcher:milliseconds()' has it.
-define(MAX_TIME, 16#FFFFFFFF).

%% @doc Returns the options of a ring as a map. All functions here raise `badarg' if an option is wrong.
-spec ring(ketama:ring_options()) -> map().
ring(Options) ->
    checked(ring, Options).

%% @doc Returns the name and the options of its ring.
-spec start_link(ketama:options() | string() | binary()) -> {ketama:name(), map()}.
start_link(Options) ->
    case is_program(Options) of
        true ->
            {ketama, #{}};
        false ->
            Map = checked(start_link, Options),
            {maps:get(name, Map, ketama), maps:remove(name, Map)}
    end.

%% The path of the port driver's program, which ketama:start_link/2 ignores.
is_program(Options) ->
    is_binary(Options) orelse io_lib:char_list(Options).

%% @doc Returns the watcher's own options and those of its ring.
-spec watcher(ketama_watcher:options()) -> {map(), map()}.
watcher(Options) ->
    Map = checked(watcher, Options),
    {maps:without(options(ring), Map), maps:with(options(ring), Map)}.

%% @doc Returns the names of the servers that a lookup passes over.
-spec except(ketama:lookup_options()) -> [binary()].
except([]) -> [];
except([{except, Servers}]) when is_list(Servers) -> ketama_lookup:binaries(Servers);
except(Options) when map_size(Options) =< 1 -> except(maps:to_list(Options));
except(Options) -> error(badarg, [Options]).

%% @doc Returns the id of a supervisor's child: the module, for another name than the default one with the name.
-spec child_id(module(), term()) -> module() | {module(), ketama:name()}.
child_id(Module, #{name := Name}) when Name =/= ketama ->
    {Module, Name};
child_id(Module, [_ | _] = Options) ->
    case lists:keyfind(name, 1, Options) of
        {name, Name} -> child_id(Module, #{name => Name});
        _ -> Module
    end;
child_id(Module, _Options) ->
    Module.

checked(Scope, Options) ->
    case wrong(Scope, Options) of
        none -> to_map(Options);
        _ -> error(badarg, [Options])
    end.

to_map(Options) when is_map(Options) -> Options;
to_map(Options) -> maps:from_list(Options).

options(ring) ->
    [dialect, hash, hash_tag, ketama_points];
options(start_link) ->
    [name | options(ring)];
options(watcher) ->
    [servers_file, source, timeout, interval, before_change, after_change | options(start_link)];
options(lookup) ->
    [except].

%% @doc Says in a few words what is wrong with options; `none' if nothing is.
-spec wrong(scope(), term()) -> none | io_lib:chars().
wrong(start_link, Options) ->
    case is_program(Options) of
        true -> none;
        false -> wrong_options(start_link, Options)
    end;
wrong(Scope, Options) ->
    wrong_options(Scope, Options).

wrong_options(Scope, Options) when is_list(Options) ->
    try maps:from_list(Options) of
        Map when map_size(Map) =:= length(Options) -> wrong_options(Scope, Map);
        _ -> "an option occurs twice"
    catch
        error:_ -> "neither a map nor a list of pairs"
    end;
wrong_options(Scope, Options) when is_map(Options) ->
    case maps:keys(maps:without(options(Scope), Options)) of
        [Unknown | _] ->
            Known = lists:join(", ", [atom_to_list(Option) || Option <- options(Scope)]),
            io_lib:format("the option ~tP is unknown; the options are ~ts", [Unknown, 10, Known]);
        [] ->
            wrong_value(Scope, Options)
    end;
wrong_options(_Scope, _Options) ->
    "neither a map nor a list of pairs".

wrong_value(Scope, Options) ->
    Own = maps:without(options(ring), Options),
    case [Wrong || {Option, Value} <- maps:to_list(Own), Wrong <- [wrong_own(Option, Value)], Wrong =/= none] of
        [Wrong | _] -> Wrong;
        [] when Scope =:= watcher -> wrong_sources(Options);
        [] when Scope =:= lookup -> none;
        [] -> wrong_ring(Options)
    end.

wrong_own(Option, Value) ->
    {IsRight, Takes} = takes(Option, Value),
    case IsRight of
        true -> none;
        false -> takes_not(Option, Takes, Value)
    end.

takes_not(Option, Takes, Value) ->
    io_lib:format("the option ~s takes ~ts, not ~tP", [Option, Takes, Value, 10]).

%% Whether the option takes the value, and what it takes.
takes(name, Value) ->
    {
        is_atom(Value) andalso Value =/= undefined andalso length(atom_to_list(Value)) =< ?MAX_NAME,
        io_lib:format("an atom of up to ~b characters, other than undefined", [?MAX_NAME])
    };
takes(servers_file, Value) ->
    {ketama_source:is_path(Value), "the path of a file, a flat string or a binary"};
takes(source, Value) ->
    {is_function(Value, 0), "a function without arguments"};
takes(Option, Value) when Option =:= interval; Option =:= timeout ->
    {
        is_integer(Value) andalso Value >= 1 andalso Value =< ?MAX_TIME,
        io_lib:format("milliseconds, an integer from 1 to ~b", [?MAX_TIME])
    };
takes(Option, Value) when Option =:= before_change; Option =:= after_change ->
    {is_function(Value, 3), "a function of the name, the old continuum and the new one"};
takes(except, Value) ->
    {ketama_lookup:are_iodata(Value), "a list of names of servers"}.

wrong_sources(#{servers_file := _, source := _}) -> "servers_file and source are two sources: give one";
wrong_sources(#{servers_file := _} = Options) -> wrong_ring(Options);
wrong_sources(#{source := _} = Options) -> wrong_ring(Options);
wrong_sources(_Options) -> "a servers_file or a source is missing".

wrong_ring(Options) ->
    Ring = maps:with(options(ring), Options),
    case is_ring(Ring) of
        true -> none;
        false -> wrong_for_dialect(maps:get(dialect, Ring, libketama), maps:remove(dialect, Ring))
    end.

wrong_for_dialect(Dialect, Others) ->
    Dialects = ketama_nif:dialects(),
    case lists:keyfind(Dialect, 1, Dialects) of
        false ->
            takes_not(dialect, ["one of ", names([Name || {Name, _} <- Dialects])], Dialect);
        {_, Hashes} ->
            [{Option, Value} | _] = [
                Pair || {Key, Value} = Pair <- maps:to_list(Others), not is_ring(#{dialect => Dialect, Key => Value})
            ],
            wrong_with(Dialect, Option, Value, Hashes)
    end.

wrong_with(Dialect, hash, Value, Hashes) ->
    takes_not(hash, ["one of ", names(Hashes), with(Dialect)], Value);
wrong_with(Dialect, Option, Value, _Hashes) ->
    {Right, Takes} = example(Option),
    case is_ring(#{dialect => Dialect, Option => Right}) of
        true -> takes_not(Option, Takes, Value);
        false -> io_lib:format("there is no option ~s~ts", [Option, with(Dialect)])
    end.

with(Dialect) ->
    io_lib:format(" with the dialect ~s", [Dialect]).

%% A value that the option takes, and what it takes.
example(hash_tag) -> {<<"{}">>, "a binary of two bytes"};
example(ketama_points) -> {1, io_lib:format("an integer from 1 to ~b", [maps:get(ketama_points, ketama_nif:limits())])}.

is_ring(Options) ->
    try ketama_nif:check_options(Options) of
        ok -> true
    catch
        error:badarg -> false
    end.

names(Atoms) ->
    lists:join(", ", [atom_to_list(Atom) || Atom <- Atoms]).
