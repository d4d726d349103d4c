%% @private From a servers file, a function or a list of servers to a continuum. What is to be warned
%% of is logged.
-module(ketama_source).

-export([new/2, with_nif/1, read/2, make/3, origin/1, is_path/1, binaries/1, are_iodata/1]).

-export_type([source/0, contents/0]).

-include_lib("kernel/include/file.hrl").
-include_lib("kernel/include/logger.hrl").

%% Where a watcher reads servers: a file, or a function that may take so many milliseconds.
-type source() :: {servers_file, file:filename_all()} | {function, fun(() -> term()), timeout()}.
-type contents() :: binary() | [term()].

%% No servers file is larger, in bytes.
-define(LARGEST, 64 bsl 20).

%% @doc A continuum, of a path or a list. Raises badarg where an argument is neither, or an option is
%% wrong.
-spec new(ketama:source(), ketama:options()) -> {ok, ketama:continuum()} | {error, ketama:reason()}.
new(Source, Options) ->
    with_nif(fun() ->
        Map = ketama_options:ring(Options),
        case looks_like_path(Source) of
            true -> new_from_file({servers_file, Source}, Map);
            false -> make(list, Source, Map)
        end
    end).

new_from_file(File, Options) ->
    case read(File, self()) of
        {ok, Contents} -> make(File, Contents, Options);
        {error, Reason} -> {error, Reason}
    end.

%% @doc What the function returns, or why there is no shared library.
-spec with_nif(fun(() -> Result)) -> Result | {error, ketama:reason()}.
with_nif(Make) ->
    case code:ensure_loaded(ketama_nif) of
        {module, _} -> Make();
        {error, _} -> {error, {nif_not_loaded, why_not_loaded()}}
    end.

%% What ketama_nif left when it did not find or not load the library.
why_not_loaded() ->
    persistent_term:get({ketama_nif, not_loaded}, "the module ketama_nif is not loaded either, and the log says why").

%% @doc Where a continuum is from, as ketama:info/1 says it.
-spec origin(source() | ketama:source()) -> file:filename_all() | fun(() -> term()) | list.
origin({servers_file, Path}) ->
    Path;
origin({function, Fun, _Timeout}) ->
    Fun;
origin(Source) ->
    case looks_like_path(Source) of
        true -> Source;
        false -> list
    end.

looks_like_path([First | _]) -> is_integer(First);
looks_like_path(Source) -> is_binary(Source).

%% @doc Whether a term can be the path of a file: a binary or a flat string.
-spec is_path(term()) -> boolean().
is_path(Path) when is_binary(Path) ->
    binary:match(Path, <<0>>) =:= nomatch;
is_path(Path) ->
    looks_like_path(Path) andalso io_lib:char_list(Path) andalso not lists:member(0, Path).

%% @doc What a source says now. A function runs in a process that ends with `Owner'.
-spec read(source(), Owner :: pid()) -> {ok, contents()} | {error, ketama:reason()}.
read({servers_file, Path}, _Owner) ->
    is_path(Path) orelse error(badarg, [Path]),
    case read_file(Path) of
        {ok, Contents} -> {ok, Contents};
        {error, Reason} -> {error, {servers_file, Path, Reason}}
    end;
read({function, Fun, Timeout}, Owner) ->
    case ketama_task:run(Fun, Timeout, Owner) of
        {ok, {ok, Servers}} when length(Servers) >= 0 -> {ok, Servers};
        {ok, {error, Reason}} -> {error, {source, Reason}};
        {ok, Other} -> {error, {source, {bad_return, Other}}};
        {error, Reason} -> {error, {source, Reason}}
    end.

%% Past the VM's file server, which a hanging disk would hold, and after a look at the file: to open
%% a FIFO is to wait for its writer.
read_file(Path) ->
    case file:read_file_info(Path, [raw]) of
        {ok, #file_info{type = regular, size = Size}} when Size =< ?LARGEST -> read_regular(Path, Size);
        {ok, #file_info{type = regular}} -> {error, efbig};
        {ok, _} -> {error, not_regular};
        {error, Reason} -> {error, Reason}
    end.

read_regular(Path, Size) ->
    case file:open(Path, [raw, read, binary]) of
        {ok, File} ->
            Read = read_on(File, Size, []),
            _ = file:close(File),
            Read;
        {error, Reason} ->
            {error, Reason}
    end.

%% The size is what it was a moment ago; some files, as those of /proc, have none.
read_on(File, Size, Parts) ->
    case file:read(File, max(Size, 4096)) of
        {ok, Part} ->
            case iolist_size([Parts | Part]) > ?LARGEST of
                true -> {error, efbig};
                false -> read_on(File, 0, [Parts | Part])
            end;
        eof ->
            {ok, iolist_to_binary(Parts)};
        {error, Reason} ->
            {error, Reason}
    end.

%% @doc The continuum of what a source has said.
-spec make(source() | list, contents(), map()) -> {ok, ketama:continuum()} | {error, ketama:reason()}.
make({servers_file, Path}, Contents, Options) ->
    case made(ketama_error:path(Path), ketama_nif:parse(Contents, Options), Options) of
        {error, {invalid_line, LineNo, Fault}} -> {error, {servers_file, Path, {line, LineNo, Fault}}};
        Made -> Made
    end;
make(_List, Servers, Options) ->
    made("a list of servers", ketama_nif:new(Servers, Options, name_bytes(Servers)), Options).

%% Of wrong servers many, so that the NIF takes its time for them.
name_bytes(Servers) ->
    try
        iolist_size([name(Server) || Server <- Servers])
    catch
        error:_ -> 1 bsl 32
    end.

name({Name, _Weight}) -> Name;
name(Name) -> Name.

made(Source, {ok, Continuum, Warnings}, Options) ->
    Dialect = maps:get(dialect, Options, libketama),
    lists:foreach(fun(Warning) -> warn(Source, Dialect, Warning) end, Warnings),
    {ok, Continuum};
made(_Source, {error, Reason}, _Options) ->
    {error, Reason}.

warn(Source, _Dialect, {line, LineNo, {cut_weight, Written, Read}}) ->
    ?LOG_WARNING(
        "ketama: ~ts, line ~b: the weight is written ~ts and read ~b, as libketama reads it: it "
        "cuts off the last byte, taking it for the newline. End the line right after the weight.",
        [Source, LineNo, ketama_error:printable(Written), Read]
    );
warn(Source, _Dialect, {line, LineNo, long_line}) ->
    ?LOG_WARNING(
        "ketama: ~ts, line ~b is read whole, but libketama takes what follows 126 bytes for "
        "another line. Shorten it if other clients read this file.",
        [Source, LineNo]
    );
warn(Source, Dialect, {too_many_servers, Limit}) ->
    ?LOG_WARNING(
        "ketama: ~ts has more than ~b servers, the most that ~s takes: it cannot have this ring.",
        [Source, Limit, Dialect]
    );
warn(Source, Dialect, {total_too_large, Limit}) ->
    ?LOG_WARNING(
        "ketama: the weights of ~ts add up to more than ~b, the most that ~s counts: it cannot have "
        "this ring. Give all servers proportionally smaller weights.",
        [Source, Limit, Dialect]
    );
warn(Source, Dialect, {label_too_long, Server, Limit}) ->
    ?LOG_WARNING(
        "ketama: ~ts: ~s hashes the name of a server with a hyphen and a number behind it, and has "
        "room for ~b bytes of that: it cannot have this ring. Shorten ~ts.",
        [Source, Dialect, Limit, ketama_error:printable(Server)]
    ).

%% @doc Flattens what is no binary in a list of iodata.
-spec binaries([iodata()]) -> [binary()].
binaries([Data | More]) -> [iolist_to_binary(Data) | binaries(More)];
binaries([]) -> [];
binaries(Tail) -> error(badarg, [Tail]).

%% @doc Whether a term is a list of iodata.
-spec are_iodata(term()) -> boolean().
are_iodata(Term) ->
    try binaries(Term) of
        _ -> true
    catch
        error:_ -> false
    end.
